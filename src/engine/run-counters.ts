import {
  countFieldOf,
  isBackingOff,
  isWaitingForBatch,
  isWaitingForRoom,
  noRows,
  noTokens,
  rowClasses,
  tokenKinds,
  type RowCounts,
  type TokenCounts,
} from '../../machines/index.js'
import type { Clock } from '../clock.js'
import type { ReconciliationEvent, ReportEvent } from './events.js'

/** What triples wait for while nothing is done for them. */
const waits = ['batch', 'room', 'next-try'] as const
type Wait = (typeof waits)[number]

interface Counter {
  readonly help: string
  /** As UCUM has it; in braces what is counted. */
  readonly unit: string
  /** How its parts are told from each other; `null` for a counter without parts. */
  readonly parts: { readonly label: string; readonly kinds: readonly string[] } | null
}

/** Everything that a run counts up, for whoever shows numbers. */
export const counters = {
  rows_processed: {
    help: 'Rows of output and error files that were processed, by class.',
    unit: '{row}',
    parts: { label: 'class', kinds: rowClasses },
  },
  bytes_read: { help: 'Bytes read from files of rows.', unit: 'By', parts: null },
  bytes_downloaded: { help: 'Bytes that came from the server.', unit: 'By', parts: null },
  tokens: {
    help: 'Tokens of the answers that were counted, by kind.',
    unit: '{token}',
    parts: { label: 'kind', kinds: tokenKinds },
  },
  retries: {
    help: 'Retries that were written: new triples of failed requests.',
    unit: '{retry}',
    parts: null,
  },
  requests_again: {
    help: 'Failed requests that were written out to be sent again.',
    unit: '{request}',
    parts: null,
  },
  waiting: {
    help: 'Time that triples waited, all of them added up, by what for.',
    unit: 's',
    parts: { label: 'for', kinds: waits },
  },
  warnings: { help: 'Warnings.', unit: '{warning}', parts: null },
} as const satisfies Readonly<Record<string, Counter>>

export type CounterName = keyof typeof counters

/** Gets how much a counter grew, and which part of it; `null` for one without parts. */
export type TellGrowth = (name: CounterName, value: number, part: string | null) => void

export interface CountedRun {
  /** Whether others go on with what comes to rest here, so that nothing is known of it from there on. */
  readonly isShared: boolean
}

export interface RunCounters {
  readonly onEvent: ReportEvent
  /** Tells the time that triples have waited up to now; otherwise it is told when a wait is over, and at each poll. */
  tellWaits(): void
}

/** Counts what the events of a run tell. Of each triple at work it keeps some numbers. */
export function countRun(clock: Clock, { isShared }: CountedRun, tell: TellGrowth): RunCounters {
  const rows = new Map<string, RowCounts>()
  const tokens = new Map<string, TokenCounts>()
  const waiting = waitingTimes(clock, (wait, seconds) => tell('waiting', seconds, wait))

  /** Sums begin anew with each attempt to process a triple. */
  const tellRows = (index: string, now: RowCounts): void => {
    const before = rows.get(index) ?? noRows
    for (const rowClass of rowClasses) {
      const field = countFieldOf(rowClass)
      const more = now[field] >= before[field] ? now[field] - before[field] : now[field]
      if (more > 0) tell('rows_processed', more, rowClass)
    }
    rows.set(index, now)
  }
  /** A triple that comes to rest twice has the same tokens twice, and more when more answers came. */
  const tellTokens = (index: string, now: TokenCounts): void => {
    const before = tokens.get(index) ?? noTokens
    for (const kind of tokenKinds) {
      const more = now[kind] - before[kind]
      if (more > 0) tell('tokens', more, kind)
    }
    tokens.set(index, now)
  }
  const forget = (index: string): void => {
    rows.delete(index)
    tokens.delete(index)
    waiting.end(index)
  }
  const take: { readonly [Type in ReconciliationEvent['type']]?: Take<Type> } = {
    'bytes.read': ({ bytes }) => tell('bytes_read', bytes, null),
    'bytes.downloaded': ({ bytes }) => tell('bytes_downloaded', bytes, null),
    'rows.processed': (event) => tellRows(event.index, event.rows),
    'retry.written': ({ requests }) => {
      tell('retries', 1, null)
      tell('requests_again', requests, null)
    },
    warning: () => tell('warnings', 1, null),
    'triple.changed': ({ index, to }) => waiting.change(index, waitIn(to)),
    'triple.settled': ({ index, report }) => {
      if (report.tokens !== null) tellTokens(index, report.tokens)
      rows.delete(index)
      if (isShared || report.outcome.type === 'done') forget(index)
    },
    'triple.gone': ({ index }) => forget(index),
    'poll.scheduled': () => waiting.tell(),
  }
  return {
    onEvent: <Type extends ReconciliationEvent['type']>(event: EventOf<Type>) => take[event.type]?.(event),
    tellWaits: () => waiting.tell(),
  }
}

type EventOf<Type> = Extract<ReconciliationEvent, { readonly type: Type }>
type Take<Type> = (event: EventOf<Type>) => void

function waitIn(state: string): Wait | null {
  if (isWaitingForBatch(state)) return 'batch'
  if (isWaitingForRoom(state)) return 'room'
  return isBackingOff(state) ? 'next-try' : null
}

function waitingTimes(clock: Clock, tell: (wait: Wait, seconds: number) => void) {
  const since = new Map<string, { readonly wait: Wait; readonly sinceMs: number }>()
  /** Gives the time up to which the waits are told. */
  const tellOne = (index: string): number => {
    const nowMs = clock.now()
    const wait = since.get(index)
    // Clocks jump back.
    if (wait !== undefined && nowMs > wait.sinceMs) tell(wait.wait, (nowMs - wait.sinceMs) / 1_000)
    return nowMs
  }
  return {
    change(index: string, wait: Wait | null): void {
      const sinceMs = tellOne(index)
      if (wait === null) since.delete(index)
      else since.set(index, { wait, sinceMs })
    },
    end(index: string): void {
      tellOne(index)
      since.delete(index)
    },
    tell(): void {
      for (const [index, { wait }] of since) since.set(index, { wait, sinceMs: tellOne(index) })
    },
  }
}
