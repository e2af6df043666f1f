import type { RunDependencies } from '../actors/dependencies.js'
import { unboundedRoom } from '../actors/creation-room.js'
import { ownersOfAnswers } from '../actors/owners-of-answers.js'
import { hasCallbacks } from '../actors/processors.js'
import { publishedLineages } from '../actors/published-lineages.js'
import { sentBefore } from '../actors/sent-before.js'
import { sentElsewhere } from '../actors/sent-elsewhere.js'
import { openTokensLimit } from '../actors/open-tokens.js'
import { allAdmissions, type SubmissionAdmission } from '../actors/submission-admission.js'
import { submissionBudget } from '../actors/submission-budget.js'
import { submissionGate } from '../actors/submission-gate.js'
import { reconciliationError } from '../errors.js'
import { openAiBatchProvider } from '../providers/openai/provider.js'
import { statusBoard, type StatusBoard } from '../providers/status-board.js'
import { onFirstUse } from '../on-first-use.js'
import { inWords } from '../workspace/file-problem.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { withSharedSyncs } from '../workspace/shared-syncs.js'
import { openTokenLog, type TokenLog } from '../workspace/token-log.js'
import type { ReportEvent } from './events.js'
import { followSignal } from './follow-signal.js'
import { journalFaults, type JournalFaults } from './journal-faults.js'
import type { InspectOption } from './observe-actor.js'
import type { Choices } from './parse-options.js'
import { requireWorkspace } from './require-workspace.js'
import { schemaCallbacks } from './schema-callbacks.js'
import type { TriplesAtWork } from './triples-at-work.js'

/** One call of a public function, with everything that was given or left out settled. The engine works from this. */
export interface Run extends ReadingRun {
  readonly triples: TriplesAtWork
  readonly tokenLog: TokenLog
}

/** One that only reads: no triple gets an actor. */
export interface ReadingRun extends RunDependencies {
  readonly journalFaults: JournalFaults
  /** Fires when the caller's does. Listeners are taken off again by whoever puts them on. */
  readonly signal: AbortSignal
  /** Never throws. */
  readonly report: ReportEvent
  /** The provider's statuses, asked for ahead; `null` when the run has no server. */
  readonly board: StatusBoard | null
  readonly inspect: InspectOption | undefined
  /** Whether inputs that were never submitted may be sent. */
  readonly maySubmit: boolean
  /** Triples at work at the same time; of small ones `smallTogether` count as one. */
  readonly concurrency: number
  readonly smallTogether: number
}

/**
 * Makes the run of one call and works with it. What cannot be used of the options is refused before `work` begins.
 *
 * @throws WrongUsage
 */
export function withRun<Result>(
  workspace: BatchWorkspace,
  options: object,
  work: (run: Run, choices: Choices) => Promise<Result>,
): Promise<Result> {
  return withReadingRun(workspace, options, async (run, choices) => {
    const triplesAtWork = await loadTriplesAtWork()
    const tokenLog = openTokenLog(run.workspace, run.clock)
    try {
      return await work({ ...run, triples: triplesAtWork(run), tokenLog }, choices)
    } finally {
      await tokenLog.flush()
    }
  })
}

/** The same for a call that only reads, which needs no XState. */
export async function withReadingRun<Result>(
  workspace: BatchWorkspace,
  options: object,
  work: (run: ReadingRun, choices: Choices) => Promise<Result>,
): Promise<Result> {
  requireWorkspace(workspace)
  const parseOptions = await loadParseOptions()
  const choices = parseOptions(options)
  const stop = followSignal(choices.signal)
  try {
    return await work(readingRun(workspace, choices, stop.signal), choices)
  } catch (error) {
    throw inWords(error, workspace.root)
  } finally {
    stop.release()
  }
}

/** zod and XState take longer to load than all the rest of the library. */
const loadParseOptions = onFirstUse(async () => (await import('./parse-options.js')).parseOptions)
const loadTriplesAtWork = onFirstUse(async () => (await import('./triples-at-work.js')).triplesAtWork)

function readingRun(workspace: BatchWorkspace, choices: Choices, signal: AbortSignal): ReadingRun {
  const board = boardOf(choices)
  return {
    workspace: { ...workspace, fileSystem: withSharedSyncs(workspace.fileSystem) },
    clock: choices.clock,
    signal,
    report: reporterOf(choices),
    board,
    provider: board?.provider ?? null,
    submissions: submissionGate(),
    sentBefore: sentBefore(),
    sentElsewhere: sentElsewhere(),
    lineages: publishedLineages(),
    ownersOfAnswers: ownersOfAnswers(),
    journalFaults: journalFaults(),
    limits: { ...choices.limits, maxAttempts: choices.maxAttempts ?? choices.limits.maxAttempts },
    ...roomOf(choices),
    contentType: choices.expectedContentType ?? null,
    schema: choices.schema,
    repairJson: choices.repairJson,
    ...schemaCallbacks(choices),
    inspect: choices.inspect,
    maySubmit: choices.shouldSubmit,
    maySubmitRetries: choices.shouldSubmitRetries,
    cancelDuplicates: choices.cancelDuplicates,
    room: unboundedRoom,
    admission: admissionOf(choices),
  }
}

/** Enough to keep two cores and a disk busy; more only holds more files open. */
const usualConcurrency = 4

/** So many triples of a few rows wait for the disk at the same time, and share its syncs. */
const usualSmallTogether = 8

/** Whoever says how many means it, and callbacks of the user are called by no more triples than documented. */
function roomOf({ concurrency, ...choices }: Choices) {
  const isOurs = concurrency === undefined && !hasCallbacks(choices)
  return { concurrency: concurrency ?? usualConcurrency, smallTogether: isOurs ? usualSmallTogether : 1 }
}

function admissionOf(choices: Choices): SubmissionAdmission {
  const { maxTokens, maxCost, maxOpenTokens, prices, assumedTokens, clock } = choices
  if (maxCost !== undefined && prices === undefined) throw needsPrices()
  const rules = {
    maxTokens: maxTokens ?? null,
    maxCost: maxCost ?? null,
    prices: maxCost === undefined ? null : (prices ?? null),
    assumedTokens: assumedTokens ?? null,
  }
  return allAdmissions([submissionBudget(rules, clock), openTokensLimit(maxOpenTokens ?? null, clock)])
}

const needsPrices = (): Error =>
  reconciliationError({
    code: 'WrongUsage',
    message: 'A limit of cost (maxCost, --max-cost) needs prices, and none are given.',
    hint: 'Give a price list (prices, --prices prices.json); docs/costs.md has its format. Nothing was touched.',
  })

function boardOf({ client, clock, provider }: Choices): StatusBoard | null {
  if (provider !== undefined) return statusBoard(provider)
  return client === undefined ? null : statusBoard(openAiBatchProvider({ client, clock }))
}

/** A listener that throws must not touch the run; what it threw has nowhere to go. */
function reporterOf({ onEvent }: Choices): ReportEvent {
  return (event) => {
    try {
      onEvent?.(event)
    } catch {
      // Progress displays are not worth a batch.
    }
  }
}
