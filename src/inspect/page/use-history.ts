import { useEffect, useState } from 'preact/hooks'
import type { WorkspaceHistory } from '../../engine/phase-history.js'
import type { Backend } from './backend.js'

/** Journals are written within a second; a map of hours needs no more than this. */
const readAgainMs = 30_000

/** `null` until it was read once. When it cannot be read again, the last one stays. */
export function useHistory(backend: Backend): WorkspaceHistory | null {
  const [history, setHistory] = useState<WorkspaceHistory | null>(null)
  useEffect(() => {
    let isCurrent = true
    const read = () => {
      backend.history().then(
        (found) => {
          if (isCurrent) setHistory(found)
        },
        () => {},
      )
    }
    read()
    if (!backend.isServed) return
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') read()
    }, readAgainMs)
    return () => {
      isCurrent = false
      clearInterval(timer)
    }
  }, [backend])
  return history
}
