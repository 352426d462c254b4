import { useEffect, useState } from 'react'

export type Theme = 'system' | 'light' | 'dark'

/** Light or dark: as the system says until the reader chooses, which the browser remembers. Answers also which it is now. */
export function useTheme(): { readonly theme: Theme; readonly isDark: boolean; readonly setTheme: (theme: Theme) => void } {
  const [theme, setTheme] = useState<Theme>(() => readTheme())
  const [isSystemDark, setSystemDark] = useState(() => DARK.matches)
  useEffect(() => {
    const follow = (): void => { setSystemDark(DARK.matches) }
    DARK.addEventListener('change', follow)
    return () => { DARK.removeEventListener('change', follow) }
  }, [])
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
    localStorage.setItem(STORED, theme)
  }, [theme])
  return { theme, isDark: theme === 'dark' || (theme === 'system' && isSystemDark), setTheme }
}

const DARK = matchMedia('(prefers-color-scheme: dark)')
const STORED = 'millrace.theme'

function readTheme(): Theme {
  const stored = localStorage.getItem(STORED)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}
