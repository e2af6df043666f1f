import { useEffect, useState } from 'preact/hooks'
import type { FailedForGood } from '../protocol.js'
import type { Backend } from './backend.js'

/** Results are read for it: not while one triple after the other is done. */
const readAgainMs = 10_000

/** What stands below waits for it, so that it is not pushed; but not for long. */
const longestWaitMs = 400

/**
 * Read at first, and again when others are done, and none has been for a while. What was read last stays when it cannot be; `null`
 * for a moment at first.
 */
export function useFinished(backend: Backend, doneCount: number): Finished | null {
  const [found, setFound] = useState<Found | null>(null)
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), longestWaitMs)
    return () => clearTimeout(timer)
  }, [])
  useEffect(() => {
    if (found?.ofDone === doneCount) return
    let isCurrent = true
    const read = () => {
      Promise.all([backend.failedForGood(), backend.tokens()]).then(
        ([failed, tokens]) => {
          if (isCurrent) setFound({ failed, tokens, ofDone: doneCount })
        },
        () => {},
      )
    }
    const timer = setTimeout(read, found === null ? 0 : readAgainMs)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [backend, doneCount, found])
  return found ?? (isLate ? nothing : null)
}

/** What is told of all that is finished. */
export interface Finished {
  /** Lineages with requests that failed for good. */
  readonly failed: readonly FailedForGood[]
  /** What all answers took, as sentences. */
  readonly tokens: readonly string[]
}

interface Found extends Finished {
  readonly ofDone: number
}

const nothing: Finished = { failed: [], tokens: [] }
