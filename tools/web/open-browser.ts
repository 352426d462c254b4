import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { ensurePackages } from '../process/ensure-packages.ts'

/** Opens Debian's Chromium, which is installed first when it is not there (as root). */
export async function openBrowser(): Promise<Browser> {
  let executablePath = PATHS.find(existsSync)
  if (executablePath === undefined) {
    ensurePackages(['chromium'])
    executablePath = PATHS.find(existsSync)
    if (executablePath === undefined) throw new Error('Chromium is needed: apt-get install chromium')
  }
  // Its sandbox does not work for root, and these pages are ours.
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--force-color-profile=srgb', '--font-render-hinting=none'] })
}

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
