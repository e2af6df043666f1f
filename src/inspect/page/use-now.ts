import { useEffect, useState } from 'preact/hooks'
import type { Inspection } from './use-inspection.js'

const tickMs = 5_000

/** The server's clock, going on by itself. It stands still in a saved page and once the run is over. */
export function useNow({ page, receivedAtMs }: Inspection): number {
  const [localMs, setLocalMs] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setLocalMs(Date.now()), tickMs)
    return () => clearInterval(timer)
  }, [])
  if (page === null) return localMs
  const stands = page.isOver || page.mode === 'export' || page.mode === 'replay'
  return stands ? page.nowMs : page.nowMs + Math.max(0, localMs - receivedAtMs)
}
