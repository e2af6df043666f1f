import { writeFileSync } from 'node:fs'
import type { Clock } from '../../../src/clock.js'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'

export const waiting = 'awaiting-online-files.waiting'
export const checking = 'awaiting-online-files.checking'

export const metadataText = (fields: Readonly<Record<string, unknown>> = {}): string =>
  `${JSON.stringify({ batch_id: 'batch_1', input_file_id: 'file-1', remote_status: 'in_progress', ...fields })}\n`

/** Files of a triple whose batch is at the server. */
export const submittedTriple = (index: string): Record<string, string> => ({
  [`workdir/batch_input_${index}.jsonl`]: '{}\n',
  [`workdir/batch_metadata_${index}.jsonl`]: metadataText(),
})

/** One line of the journal of such a triple, with the facts a run notes. */
export function journalLine(
  { layout }: BatchWorkspace,
  index: string,
  parts: Readonly<Record<string, unknown>>,
  facts: Readonly<Record<string, unknown>> = {},
): string {
  const input = { path: layout.workdirFile('input', index), bytes: 3, location: 'workdir' }
  const known = { index, input, output: null, error: null, batchId: 'batch_1', ...facts }
  return `${JSON.stringify({ at: '2026-01-02T00:00:00.000Z', from: checking, event: 'told', to: waiting, ...parts, facts: known })}\n`
}

export function putJournal(workspace: BatchWorkspace, index: string, ...lines: readonly string[]): void {
  writeFileSync(workspace.layout.journalFile(index), lines.join(''))
}

/** A clock whose timer runs when told to. Of what is looked at beside that, after a blink, time goes by itself. */
export function handClock(nowMs = Date.UTC(2026, 0, 3)) {
  let due: (() => void) | null = null
  let delayMs: number | null = null
  const clock: Clock = {
    now: () => nowMs,
    setTimeout: (callback, wishMs) => {
      if (wishMs > 0 && wishMs < 200) return setTimeout(callback, wishMs)
      due = callback
      delayMs = wishMs
      return 1
    },
    clearTimeout: (handle) => {
      if (handle === 1) due = null
      else clearTimeout(handle as NodeJS.Timeout)
    },
  }
  const isWaiting = () => due !== null
  return {
    clock,
    isWaiting,
    delayMs: () => delayMs,
    /** Runs the timer, and waits for the next one. */
    async pass(): Promise<void> {
      const run = due
      due = null
      run?.()
      while (!isWaiting()) await new Promise(setImmediate)
    },
  }
}
