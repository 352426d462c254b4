import { useCallback, useEffect, useState } from 'react'
import { pageStateOf, searchOfPageState, type PageState } from '../state/page-state.ts'

/** Changes some of the state. `replace` keeps the step out of the browser's history. */
export type ChangePageState = (change: Partial<PageState>, how?: 'push' | 'replace') => void

/** The state of the page, which is its address. */
export function usePageState(): readonly [PageState, ChangePageState] {
  const [state, setState] = useState(() => pageStateOf(location.search))
  useEffect(() => {
    const restore = (): void => { setState(pageStateOf(location.search)) }
    addEventListener('popstate', restore)
    return () => { removeEventListener('popstate', restore) }
  }, [])
  const change = useCallback<ChangePageState>((changed, how = 'push') => {
    // From the address and not from a render's state: two changes in one turn both count.
    const next = { ...pageStateOf(location.search), ...changed }
    const search = searchOfPageState(next)
    if (search !== location.search) history[how === 'push' ? 'pushState' : 'replaceState'](null, '', location.pathname + search)
    setState(next)
  }, [])
  return [state, change]
}
