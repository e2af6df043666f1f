import type { OpenAI } from 'openai'
import type { TripleLimits } from '../../machines/index.js'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import type { ReconciledRow } from '../accounting/rows/evaluate-row.js'
import type { ContentSchema } from '../accounting/rows/schema.js'
import type { PriceList } from '../accounting/usage/price-list-schema.js'
import type { RowProcessor } from '../actors/processors.js'
import type { Clock } from '../clock.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import type { ReportEvent } from './events.js'
import type { InspectOption } from './observe-actor.js'

/**
 * How triples are reconciled. Every field may be left out. `Content` is what the schema gives, `Type` what the answers
 * hold: both follow from `schema` and `expectedContentType` where the options are written in the call.
 *
 * @example
 * const options: WatchOptions<Person> = { schema: person, processOutput: (row) => console.log(row.content?.name) }
 */
export interface ReconcileOptions<Content = unknown, Type extends ExpectedContentType = UsualType<Content>> {
  /** Your `OpenAI` client: the server to ask. Without one (or a provider) the run works on what is on disk. */
  readonly client?: OpenAI | undefined
  /** Any other server, in place of `client`. */
  readonly provider?: BatchProvider | undefined
  /** Send inputs that were never submitted. Off unless set; retries of failed requests are sent all the same. */
  readonly shouldSubmit?: boolean | undefined
  /** Send the retries of failed requests, which costs money like any batch. On unless set. */
  readonly shouldSubmitRetries?: boolean | undefined
  /** Cancel further batches that exist for one upload, after a crash of another tool. Off unless set. */
  readonly cancelDuplicates?: boolean | undefined
  /** What the answers hold; `text` unless the triple's metadata says otherwise. */
  readonly expectedContentType?: Type | undefined
  /** Judges (and may transform) each answer's content; with `json-lines`, each value of it. A zod schema fits. */
  readonly schema?: ContentSchema<Content> | undefined
  /** Mend JSON that does not parse before the schema sees it; mended rows are marked. Off unless set. */
  readonly repairJson?: boolean | undefined
  /** Gets each row with an answer: `success` and `semantic`. */
  readonly processOutput?: RowProcessor<RowContent<Content, Type>> | undefined
  /** Gets every other row. */
  readonly processErrors?: RowProcessor<RowContent<Content, Type>> | undefined
  /** Whether a `semantic` or `rejected` row is sent again; none is unless this says so. */
  readonly shouldRetry?: ((row: ReconciledRow<RowContent<Content, Type>>) => boolean) | undefined
  /** Attempts of a lineage, the first one included; 3 unless set. */
  readonly maxAttempts?: number | undefined
  /** Most tokens that all answers of the workspace may take, those of before included; batches beyond it are not sent. */
  readonly maxTokens?: number | undefined
  /** The same in money, in the currency of `prices`. */
  readonly maxCost?: number | undefined
  /** By which `maxCost` is reckoned. */
  readonly prices?: PriceList | undefined
  /** What a request is reckoned with that names no most of its tokens; without it such a request is not sent under a limit. */
  readonly assumedTokens?: number | undefined
  /** Most tokens of input that batches of one model may have at the server at once; what is beyond it waits for room. */
  readonly maxOpenTokens?: number | undefined
  readonly limits?: { readonly [Name in keyof TripleLimits]?: TripleLimits[Name] | undefined } | undefined
  readonly onEvent?: ReportEvent | undefined
  /** Sees every triple's actor at work, as the `inspect` option of XState's `createActor` does; may throw. */
  readonly inspect?: InspectOption | undefined
  /** Stops cleanly: what is begun is left as a crash would leave it, which the next run takes up. */
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

export interface ReconcileWorkspaceOptions<
  Content = unknown,
  Type extends ExpectedContentType = UsualType<Content>,
> extends ReconcileOptions<Content, Type> {
  /**
   * Triples at work at the same time. Unless set: 4, or 32 of those that are small (their answers are here, 256 KiB at
   * most) while there are no callbacks.
   */
  readonly concurrency?: number | undefined
}

/**
 * What `row.content` holds. The schema alone says what `Content` is: a callback for a `Person` asks for a schema that
 * gives one.
 */
export type RowContent<Content, Type extends ExpectedContentType> = Type extends 'json-lines'
  ? readonly NoInfer<Content>[]
  : NoInfer<Content>

/** With a schema `json-lines` is named, because the content is then a list. */
export type UsualType<Content> = unknown extends Content
  ? ExpectedContentType
  : Exclude<ExpectedContentType, 'json-lines'>
