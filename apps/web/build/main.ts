/** Builds the page into the folder that is given: index.html, and below assets/ what it loads, named by its content. */
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { build } from 'vite'

const [outDir] = process.argv.slice(2)
if (outDir === undefined) throw new Error('a folder is needed')
process.env['NODE_ENV'] = 'production'
await build({
  configFile: false,
  root: join(import.meta.dirname, '..'),
  plugins: [react()],
  logLevel: 'warn',
  build: {
    outDir, emptyOutDir: true, target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy allows no inline code
    chunkSizeWarningLimit: 1500, // KB; loaded once, and kept for good under its name
  },
})
