import type { ReactElement } from 'react'

export type IconName = keyof typeof PATHS

/** A drawing of 16 by 16 in the colour of its text. Whoever carries it has the name. */
export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return <svg className="drawing" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d={PATHS[name]} /></svg>
}

const PATHS = {
  add: 'M8 3.5v9M3.5 8h9',
  exclude: 'M3.5 8h9',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.5V3.5a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-2M3.5 5.5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1z',
  done: 'M3 8.5l3.5 3.5L13 4.5',
  failed: 'M8 3v6M8 12v.5',
  column: 'M3.5 2.5h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM6.2 2.5v11M9.8 2.5v11',
  replace: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3',
} as const
