import { useState } from 'preact/hooks'
import type { CommandsAnswer, TripleCommandType, TripleSummary } from '../protocol.js'
import type { Backend } from './backend.js'
import { outcomeText, type AskedFor } from './command-outcome.js'

export interface Commands {
  /** False where there is no run to ask. */
  readonly canCommand: boolean
  send(indices: readonly string[], type: TripleCommandType): void
  /** What became of the last command; `null` when there was none, or it was read. */
  readonly outcome: CommandOutcome | null
  readonly forgetOutcome: () => void
}

export interface CommandOutcome {
  readonly indices: readonly string[]
  readonly text: string
}

/** Sends commands to the run and watches what becomes of them. */
export function useCommands(
  backend: Backend,
  triples: readonly TripleSummary[],
  canCommand: boolean,
): Commands {
  const [asked, setAsked] = useState<AskedFor | null>(null)
  const [answer, setAnswer] = useState<CommandsAnswer | string | null>(null)
  const send = (indices: readonly string[], type: TripleCommandType) => {
    const wanted = new Set(indices)
    const before = new Map(
      triples.flatMap((one) => (wanted.has(one.index) ? [[one.index, one.restedAtMs] as const] : [])),
    )
    setAsked({ indices, type, before, atMs: Date.now() })
    setAnswer(null)
    backend.command(indices, type).then(setAnswer, (error: unknown) => setAnswer(String(error)))
  }
  return {
    canCommand,
    send,
    outcome: asked === null ? null : { indices: asked.indices, text: outcomeText(asked, answer, triples) },
    forgetOutcome: () => setAsked(null),
  }
}
