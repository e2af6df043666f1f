import { tokenKinds, type TokenTotals } from '../../machines/index.js'
import { systemClock, type Clock } from '../clock.js'
import { appendText } from './append-text.js'
import type { BatchWorkspace } from './open-workspace.js'
import { readTextEnd } from './read-text-end.js'

/**
 * What the answers of each finished triple took, a line each, so that nobody has to open a hundred thousand proofs to
 * add them up. The proof is what counts: a line that was lost is made up for by it, and nothing is synced.
 */
export interface TokenLog {
  /** Notes a triple that is done; it is written within a second. Never throws. */
  note(index: string, tokens: TokenTotals): void
  /** Writes what was noted. Never rejects. */
  flush(): Promise<void>
}

export function openTokenLog(workspace: BatchWorkspace, clock: Clock = systemClock): TokenLog {
  let pending = ''
  let timer: { readonly handle: unknown } | null = null
  let lastWrite: Promise<unknown> = Promise.resolve()
  const flush = async (): Promise<void> => {
    if (timer !== null) clock.clearTimeout(timer.handle)
    timer = null
    const text = pending
    pending = ''
    if (text !== '') {
      const write = () => appendText(workspace, workspace.layout.tokenLogFile, async () => text)
      // A full disk stops the triples by itself; here it costs a later look into a proof.
      lastWrite = lastWrite.then(write).catch(() => {})
    }
    await lastWrite
  }
  return {
    note(index, tokens) {
      pending += `${JSON.stringify({ index, at: new Date(clock.now()).toISOString(), ...tokens })}\n`
      timer ??= { handle: clock.setTimeout(() => void flush(), gatheringMs) }
    },
    flush,
  }
}

/** Triples that get done within this time cost one write. */
const gatheringMs = 1_000

/** Lines of far more triples than a workspace is good for; of a larger file, its end. */
const mostReadBytes = 128 * 1024 * 1024

/** By index; the last line of one counts. Lines that a crash left torn are left out. */
export async function readTokenLog({
  fileSystem,
  layout,
}: BatchWorkspace): Promise<ReadonlyMap<string, TokenTotals>> {
  const { text } = await readTextEnd(fileSystem, layout.tokenLogFile, mostReadBytes)
  const found = new Map<string, TokenTotals>()
  for (const line of text.split('\n')) {
    const noted = parsed(line)
    if (noted !== null) found.set(noted.index, noted.tokens)
  }
  return found
}

function parsed(line: string): { readonly index: string; readonly tokens: TokenTotals } | null {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null) return null
    const index: unknown = Reflect.get(value, 'index')
    const numbers = [...tokenKinds, 'untold' as const].map(
      (kind) => [kind, Reflect.get(value, kind)] as const,
    )
    if (typeof index !== 'string' || !numbers.every(([, number]) => Number.isSafeInteger(number))) return null
    return { index, tokens: Object.fromEntries(numbers) as unknown as TokenTotals }
  } catch {
    return null
  }
}
