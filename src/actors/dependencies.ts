import { wasCutShort, type TripleFacts, type TripleLimits } from '../../machines/index.js'
import type { AccountedTriple } from '../accounting/account.js'
import type { TripleBooks } from '../accounting/triple-books.js'
import type { GrowingRowTable } from '../accounting/results/row-table.js'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import type { ReconciledRow } from '../accounting/rows/evaluate-row.js'
import type { ContentSchema } from '../accounting/rows/schema.js'
import type { Clock } from '../clock.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { CreationRoom } from './creation-room.js'
import type { StepEvent } from './events.js'
import { soleOwnership, type Ownership, type TriplePlace } from './ownership.js'
import type { OwnersOfAnswers } from './owners-of-answers.js'
import type { RowProcessor } from './processors.js'
import type { PublishedLineages } from './published-lineages.js'
import type { SentBefore } from './sent-before.js'
import type { SentElsewhere } from './sent-elsewhere.js'
import type { SubmissionAdmission } from './submission-admission.js'
import type { SubmissionGate } from './submission-gate.js'

/** What the steps of all triples of one run share. */
export interface RunDependencies {
  readonly workspace: BatchWorkspace
  readonly clock: Clock
  /** `null` when this run has no server to ask. */
  readonly provider: BatchProvider | null
  readonly limits: TripleLimits
  /** `null`: what the triple's metadata says, else text. */
  readonly contentType: ExpectedContentType | null
  readonly schema: ContentSchema | undefined
  readonly repairJson: boolean
  readonly shouldRetry: ((row: ReconciledRow) => boolean) | undefined
  readonly processOutput: RowProcessor | undefined
  readonly processErrors: RowProcessor | undefined
  /** Never throws. */
  readonly report: (event: StepEvent) => void
  readonly submissions: SubmissionGate
  readonly sentBefore: SentBefore
  readonly sentElsewhere: SentElsewhere
  readonly lineages: PublishedLineages
  readonly ownersOfAnswers: OwnersOfAnswers
  /** Whether retries of failed requests may be sent. */
  readonly maySubmitRetries: boolean
  /** Whether further batches of one upload may be cancelled. */
  readonly cancelDuplicates: boolean
  readonly room: CreationRoom
  readonly admission: SubmissionAdmission
}

/** What the steps of one triple work with. Made anew for each triple; nothing of its own outlives it. */
export interface TripleDependencies extends RunDependencies {
  readonly ownership: Ownership
  readonly accountings: AccountingMemory
  /** Ids of the files that were downloaded and got their name: a download that is tried again goes on after them. */
  readonly downloaded: Set<string>
  readonly stepsAtWork: StepsAtWork
}

export function tripleDependencies(
  run: RunDependencies,
  place: TriplePlace = { workspace: run.workspace, ownership: soleOwnership },
): TripleDependencies {
  return {
    ...run,
    ...place,
    accountings: accountingMemory(),
    downloaded: new Set(),
    stepsAtWork: stepsAtWork(),
  }
}

/**
 * Steps that have begun and not ended. A stopped actor forgets its promise, but the step may be in the middle of a
 * write; the workspace is given back only after the last one ended.
 */
export interface StepsAtWork {
  add(step: Promise<unknown>): void
  settled(): Promise<void>
}

function stepsAtWork(): StepsAtWork {
  const working = new Set<Promise<unknown>>()
  return {
    add(step) {
      working.add(step)
      const remove = (): boolean => working.delete(step)
      step.then(remove, remove)
    },
    async settled() {
      await Promise.allSettled(working)
    },
  }
}

/** What a step does: the same for the machine, for a single operation and for a test. */
export type Step<Input, Output> = (
  dependencies: TripleDependencies,
  input: Input,
  signal: AbortSignal,
) => Promise<Output>

/**
 * Keeps the accounting of a triple between the check and the processing, so that its files are not counted twice, and
 * where the rows of its attempt stand, so that they are not read again to know it.
 * Forgotten when a file looks different; then it is simply made again.
 */
export interface AccountingMemory {
  recall(facts: TripleFacts): AccountedTriple | null
  remember(facts: TripleFacts, accounted: AccountedTriple): void
  /** `null` for rows that were made from something else, or that nobody has closed since. */
  recallRows(sourceKey: string): GrowingRowTable | null
  rememberRows(sourceKey: string, table: GrowingRowTable): void
  forget(): void
  /** The books of files that were counted while they arrived; given out once. */
  takeArrived(): TripleBooks | null
  rememberArrived(books: TripleBooks | null): void
}

function accountingMemory(): AccountingMemory {
  let kept: { readonly key: string; readonly accounted: AccountedTriple } | null = null
  let arrived: TripleBooks | null = null
  let rows: { readonly sourceKey: string; readonly table: GrowingRowTable } | null = null
  return {
    recall: (facts) => (kept?.key === keyOf(facts) ? kept.accounted : null),
    remember: (facts, accounted) => {
      kept = { key: keyOf(facts), accounted }
    },
    recallRows: (sourceKey) => (rows?.sourceKey === sourceKey ? rows.table : null),
    rememberRows: (sourceKey, table) => {
      rows = { sourceKey, table }
    },
    forget: () => {
      kept = null
      rows = null
    },
    takeArrived: () => {
      const books = arrived
      arrived = null
      return books
    },
    rememberArrived: (books) => {
      arrived = books
    },
  }
}

function keyOf(facts: TripleFacts): string {
  const { input, output, error } = facts
  return JSON.stringify([input, output, error, wasCutShort(facts)])
}
