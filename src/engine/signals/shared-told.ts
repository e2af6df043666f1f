import { z } from 'zod'
import { callKindNames, perKind, type CallKind } from './calls.js'
import { nothingTold, type Told } from './told-causes.js'

/** Where all workers of a workspace keep what they have told. What it loses is told once more. */
export interface ToldMemory {
  /** What `save` was given last, or `null`, and the ids of signals that came to their end since. */
  load(): Promise<{ readonly text: string | null; readonly ended: ReadonlySet<string> }>
  save(text: string, forgotten: Iterable<string>): Promise<void>
  /** A signal was taken, or given up. */
  noteEnd(id: string): Promise<void>
}

/** What all workers together have told. */
export interface SharedTold {
  readonly causes: Readonly<Record<CallKind, Told>>
  /** The numbers with which it was told last that all is settled. */
  readonly settled: string | null
  readonly open: readonly OpenSignal[]
}

/** A signal that one of the workers has on its way. It is lost with that worker. */
export interface OpenSignal {
  readonly id: string
  /** Token of the worker. */
  readonly by: string
  readonly about: { readonly kind: CallKind; readonly key: string } | { readonly kind: 'settled' }
}

const toldSchema = z
  .object({
    causes: z.array(z.tuple([z.string(), z.array(z.string())])),
    reasons: z.array(z.tuple([z.string(), z.string()])),
  })
  .transform(({ causes, reasons }): Told => ({ causes: new Map(causes), reasons: new Map(reasons) }))

const schema = z.object({
  causes: z.object(perKind(() => toldSchema)),
  settled: z.string().nullable(),
  open: z.array(
    z.object({
      id: z.string(),
      by: z.string(),
      about: z.union([
        z.object({ kind: z.enum(callKindNames), key: z.string() }),
        z.object({ kind: z.literal('settled') }),
      ]),
    }),
  ),
}) satisfies z.ZodType<SharedTold>

const nothingShared: SharedTold = { causes: perKind(() => nothingTold), settled: null, open: [] }

/** What nobody can read is as good as lost. */
export function parseShared(text: string | null): SharedTold {
  try {
    return text === null ? nothingShared : schema.parse(JSON.parse(text))
  } catch {
    return nothingShared
  }
}

/** All workers read it at each poll. Of triples behind these a new wording of an old problem may be told as news. */
const mostReasons = 1_000

export function sharedText({ causes, settled, open }: SharedTold): string {
  const entries = perKind((kind) => ({
    causes: [...causes[kind].causes],
    reasons: [...causes[kind].reasons].slice(0, mostReasons),
  }))
  return JSON.stringify({ causes: entries, settled, open })
}

/** Signals that came to their end are open no more; what was lost with its worker counts as never told. */
export function withoutLost(
  told: SharedTold,
  ended: ReadonlySet<string>,
  isSeated: (token: string) => boolean,
): SharedTold {
  const open = told.open.filter(({ id }) => !ended.has(id))
  const lost = open.filter(({ by }) => !isSeated(by)).map(({ about }) => about)
  return {
    causes: perKind((kind) => without(told.causes[kind], kind, lost)),
    settled: lost.some(({ kind }) => kind === 'settled') ? null : told.settled,
    open: open.filter(({ by }) => isSeated(by)),
  }
}

function without(told: Told, kind: CallKind, lost: readonly OpenSignal['about'][]): Told {
  const causes = new Map(told.causes)
  const reasons = new Map(told.reasons)
  for (const about of lost) {
    if (about.kind !== kind) continue
    for (const index of causes.get(about.key) ?? []) reasons.delete(index)
    causes.delete(about.key)
  }
  return { causes, reasons }
}
