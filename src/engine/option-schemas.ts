import type { OpenAI } from 'openai'
import { z } from 'zod'
import { defaultTripleLimits, type TripleLimits } from '../../machines/index.js'
import { expectedContentTypes } from '../accounting/rows/content.js'
import type { ReconciledRow } from '../accounting/rows/evaluate-row.js'
import type { ContentSchema } from '../accounting/rows/schema.js'
import { priceListSchema, type PriceList } from '../accounting/usage/price-list-schema.js'
import type { RowProcessor } from '../actors/processors.js'
import { systemClock, type Clock } from '../clock.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import { usualLeaseMs } from '../workspace/workers/usual-lease.js'
import type { ReportEvent } from './events.js'
import type { AcceptOptions } from './accept-triple.js'
import type { EstimateOptions } from './estimate-requests.js'
import type { ExportOptions } from './export/export-results.js'
import type { CleanOptions } from './clean/clean-server.js'
import type { ImportBatchesOptions } from './import/import-batches.js'
import type { ImportOptions } from './import/import-files.js'
import { fieldForm, parseField } from './export/fields.js'
import { exportFormats } from './export/format.js'
import type { InspectOption } from './observe-actor.js'
import type { PlanOptions } from './plan-workspace.js'
import type { RetryByHandOptions } from './retry-by-hand.js'
import type { SubmitOptions } from './submit-requests.js'
import type { TripleCommands } from './triple-commands.js'
import type { VerifyOptions } from './verify-workspace.js'
import type { WatchOptions } from './watch-workspace.js'
import type { WorkerOptions } from './workers/worker-options.js'

/** Every option of every public function; an option has one meaning wherever it is taken. */
type OptionName = keyof (WatchOptions &
  SubmitOptions &
  RetryByHandOptions &
  AcceptOptions &
  PlanOptions &
  EstimateOptions &
  VerifyOptions &
  ExportOptions &
  ImportOptions &
  ImportBatchesOptions &
  CleanOptions &
  WorkerOptions)

/** Servers ask for this (Azure, Anthropic) or cut off who comes sooner (Together). */
const defaultPollDelayMs = 60_000

/** How soon a file that somebody put there is seen. */
const defaultLookDelayMs = 5_000

const amountError = 'an amount of money, more than 0'
const pricesError = 'a price list (docs/costs.md)'
const lookError = 'a number of milliseconds, 100 or more'
const leaseError = 'a number of milliseconds, 1000 or more'

/** What is used of a provider, a clock and commands. */
const providerMethods = [
  'submit',
  'find',
  'status',
  'download',
  'cancel',
] as const satisfies readonly (keyof BatchProvider)[]
const clockMethods = ['now', 'setTimeout', 'clearTimeout'] as const satisfies readonly (keyof Clock)[]
const commandMethods = ['request', 'take', 'subscribe'] as const satisfies readonly (keyof TripleCommands)[]

const flag = z.boolean({ error: 'true or false' })

const wholeNumber = (least: number) => {
  const error = `a whole number, ${least} or more`
  return z.int({ error }).min(least, { error })
}

const milliseconds = z
  .number({ error: 'a number of milliseconds, 0 or more' })
  .min(0, { error: 'a number of milliseconds, 0 or more' })

/** Anything that has what is used of it: also one of another copy of its package, or a stand-in. */
const having = <Value>(expected: string, isUsable: (value: object) => boolean) =>
  z.custom<Value>((value) => isObject(value) && isUsable(value), { error: expected })

const callback = <Callback>() =>
  z.custom<Callback>((value) => typeof value === 'function', { error: 'a function' })

const limitSchemas = {
  maxRetries: wholeNumber(0).default(defaultTripleLimits.maxRetries),
  maxLooksAgain: wholeNumber(0).default(defaultTripleLimits.maxLooksAgain),
  maxAttempts: wholeNumber(1).default(defaultTripleLimits.maxAttempts),
  backoffBaseMs: milliseconds.default(defaultTripleLimits.backoffBaseMs),
  backoffCapMs: milliseconds.default(defaultTripleLimits.backoffCapMs),
} satisfies Record<keyof TripleLimits, z.ZodType>

/** What each option may be, and what it is when it is left out. The texts say what was expected. */
export const optionSchemas = {
  client: having<OpenAI>(
    'an OpenAI client',
    (value) => isObject(at(value, 'files')) && isObject(at(value, 'batches')),
  ).optional(),
  provider: having<BatchProvider>(
    `a provider with name, limits, minPollDelayMs, ${providerMethods.join(', ')}`,
    isProvider,
  ).optional(),
  shouldSubmit: flag.default(false),
  shouldSubmitRetries: flag.default(true),
  cancelDuplicates: flag.default(false),
  expectedContentType: z
    .enum(expectedContentTypes, { error: `one of ${expectedContentTypes.join(', ')}` })
    .optional(),
  schema: having<ContentSchema>('a schema with a safeParse function (such as one of zod)', (value) =>
    hasMethods(value, ['safeParse']),
  ).optional(),
  repairJson: flag.default(false),
  processOutput: callback<RowProcessor>().optional(),
  processErrors: callback<RowProcessor>().optional(),
  shouldRetry: callback<(row: ReconciledRow) => boolean>().optional(),
  maxAttempts: wholeNumber(1).optional(),
  maxTokens: wholeNumber(1).optional(),
  maxCost: z.number({ error: amountError }).positive({ error: amountError }).optional(),
  prices: z
    .custom<PriceList>((value) => priceListSchema.safeParse(value).success, { error: pricesError })
    .optional(),
  assumedTokens: wholeNumber(0).optional(),
  maxOpenTokens: wholeNumber(1).optional(),
  limits: z.strictObject(limitSchemas, { error: 'an object of limits' }).prefault({}),
  onEvent: callback<ReportEvent>().optional(),
  inspect: z
    .custom<InspectOption>(isInspect, { error: 'a function, or an observer with a next function' })
    .optional(),
  signal: having<AbortSignal>(
    'an AbortSignal',
    (value) =>
      typeof at(value, 'aborted') === 'boolean' &&
      hasMethods(value, ['addEventListener', 'removeEventListener']),
  ).optional(),
  clock: having<Clock>(`a clock with ${clockMethods.join(', ')}`, (value) =>
    hasMethods(value, clockMethods),
  ).default(() => systemClock),
  concurrency: wholeNumber(1).optional(),
  pollDelayMs: milliseconds.default(defaultPollDelayMs),
  shouldPoll: flag.default(true),
  commands: having<TripleCommands>('what createTripleCommands() gives', (value) =>
    hasMethods(value, commandMethods),
  ).optional(),
  shouldStay: flag.default(false),
  shouldSubmitAgain: flag.default(false),
  shouldRetryAnswers: flag.default(false),
  shouldRetryUnrecognised: flag.default(false),
  shouldCheckIds: flag.default(false),
  shouldEstimate: flag.default(false),
  lookDelayMs: z.number({ error: lookError }).min(100, { error: lookError }).default(defaultLookDelayMs),
  leaseMs: z.number({ error: leaseError }).min(1_000, { error: leaseError }).default(usualLeaseMs),
  maxOpenBatches: wholeNumber(1).optional(),
  maxOpenRequests: wholeNumber(1).optional(),
  maxCreationsPerMinute: wholeNumber(1).optional(),
  shouldEnd: flag.default(false),
  keep: z.enum(['first', 'last'], { error: "'first' or 'last'" }).optional(),
  format: z.enum(exportFormats, { error: `one of ${exportFormats.join(', ')}` }).optional(),
  fields: z
    .custom<readonly string[]>(isFields, { error: `a list of fields of the form ${fieldForm}` })
    .default(() => []),
  shouldJoinRequests: flag.default(false),
  shouldSkipPending: flag.default(false),
  shouldOverwrite: flag.default(false),
  isDryRun: flag.default(false),
  shouldMove: flag.default(false),
  shouldCleanImported: flag.default(false),
  isForSpreadsheet: flag.default(false),
} satisfies Record<OptionName, z.ZodType>

function isProvider(value: object): boolean {
  const { name, limits, minPollDelayMs } = value as Partial<BatchProvider>
  return (
    typeof name === 'string' &&
    isObject(limits) &&
    milliseconds.safeParse(minPollDelayMs).success &&
    hasMethods(value, providerMethods)
  )
}

function isFields(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && parseField(one) !== null)
}

function isInspect(value: unknown): boolean {
  if (typeof value === 'function') return true
  return isObject(value) && ['function', 'undefined'].includes(typeof at(value, 'next'))
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

const hasMethods = (value: object, names: readonly string[]): boolean =>
  names.every((name) => typeof at(value, name) === 'function')

const at = (value: object, name: string): unknown => (value as Readonly<Record<string, unknown>>)[name]
