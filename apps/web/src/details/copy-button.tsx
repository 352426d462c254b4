import { useState, type ReactElement } from 'react'
import { Icon } from '../frame/icon.tsx'

/** Puts a text on the clipboard. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): ReactElement {
  const [said, setSaid] = useState<'' | 'copied' | 'failed'>('')
  const copy = (): void => {
    copyText(text).then(() => { setSaid('copied') }, () => { setSaid('failed') }).finally(() => { setTimeout(() => { setSaid('') }, SAY_MS) })
  }
  return <button type="button" className="icon copy" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={copy}><Icon name={said === '' ? 'copy' : said === 'copied' ? 'done' : 'failed'} /></button>
}

const SAY_MS = 1200

/** Without TLS and not on localhost, browsers have no clipboard but by a selection. */
async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text)
    return
  }
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const isCopied = document.execCommand('copy')
  area.remove()
  if (!isCopied) throw new Error('the browser does not copy')
}
