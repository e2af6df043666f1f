import type { Problem } from '../../machines/index.js'
import type { Clock } from '../clock.js'
import { isBatchReconciliationError } from '../errors.js'
import { countText } from '../units.js'
import { locateTriple } from '../workspace/locate-triple.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import { scanWorkspace } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { hasAnswersHere, takesUpRoom } from './batches-under-way.js'
import { ledgerAdmission } from './ledger-admission.js'
import {
  sendingCommand,
  unlimitedAdmission,
  type SubmissionAdmission,
  type SubmissionInquiry,
} from './submission-admission.js'

/** What a batch of a triple takes of the tokens that may be enqueued. */
interface OpenTokens {
  /** `null`: nobody knows; it may be any. */
  readonly model: string | null
  readonly tokens: number
}

/**
 * At most so many tokens of input of one model at the server at once, of all batches of the workspace: servers bound what an
 * account may have enqueued, and refuse what is beyond it after it was uploaded.
 */
export function openTokensLimit(maxOpenTokens: number | null, clock: Clock): SubmissionAdmission {
  if (maxOpenTokens === null) return unlimitedAdmission
  return ledgerAdmission<BatchFileTriple, OpenTokens>(
    {
      name: 'open tokens',
      needsInputTokens: true,
      listTriples: async (workspace) => (await scanWorkspace(workspace)).triples,
      findTriple: locateTriple,
      read: openTokensOf,
      entryOf: ({ model, bound, inputTokens }) => ({
        model,
        tokens: inputTokens?.tokens ?? bound.inputTokens,
      }),
      refusalOf: (inquiry, own, known) => {
        if (own.tokens > maxOpenTokens) return neverFits(maxOpenTokens, inquiry, own)
        const open = openBeside(known, inquiry.index, own.model)
        return open + own.tokens > maxOpenTokens ? waits(maxOpenTokens, inquiry, own, open) : null
      },
    },
    clock,
  )
}

/** Metadata that cannot be read stops its own triple, for a person: no other one waits for that. */
async function openTokensOf(
  { workspace }: Pick<SubmissionInquiry, 'workspace'>,
  triple: BatchFileTriple,
): Promise<OpenTokens | null> {
  if (triple.metadata === null || hasAnswersHere(triple)) return null
  try {
    const metadata = await readMetadata(workspace, triple.metadata)
    if (metadata === null || !(takesUpRoom(metadata) || isReserved(metadata))) return null
    const noted = metadata.submission?.input_tokens ?? metadata.submission?.bound?.input_tokens
    const tokens = noted ?? (await bytesOf(workspace, triple))
    return { model: metadata.model ?? null, tokens }
  } catch (error) {
    if (isBatchReconciliationError(error)) return null
    throw error
  }
}

/** It was let through, and is on its way to the server. */
const isReserved = ({ batch_id: batchId, submission }: BatchMetadata): boolean =>
  batchId === null && submission?.bound != null

/** Of a batch that something else made. */
async function bytesOf(
  { fileSystem }: SubmissionInquiry['workspace'],
  { input }: BatchFileTriple,
): Promise<number> {
  return input === null ? 0 : ((await fileSystem.stat(input))?.bytes ?? 0)
}

function openBeside(known: ReadonlyMap<string, OpenTokens>, except: string, model: string | null): number {
  let open = 0
  for (const [index, entry] of known) {
    const isSameModel = entry.model === model || entry.model === null || model === null
    if (index !== except && isSameModel) open += entry.tokens
  }
  return open
}

function waits(most: number, inquiry: SubmissionInquiry, own: OpenTokens, open: number): Problem {
  const { index } = inquiry
  return {
    code: 'RateLimited',
    message: `Triple ${index} waits: it takes ${amountOf(inquiry, own)}, ${countText(open)} are under way, and ${countText(most)} may be (--max-open-tokens).`,
    hint: `It is sent when others have ended: by \`watch\` with the same flags, or by \`${commandOf(inquiry, most)}\` then.`,
    isPassing: true,
    hasBeenRetried: true,
    facts: { index, tokens: own.tokens, open },
  }
}

function neverFits(most: number, inquiry: SubmissionInquiry, own: OpenTokens): Problem {
  const { index, inputTokens } = inquiry
  const install =
    inputTokens?.isCounted === true
      ? ''
      : ' Where the package gpt-tokenizer is installed, tokens are counted, which are fewer than bytes.'
  return {
    code: 'OverBudget',
    message: `Triple ${index} never fits: it takes ${amountOf(inquiry, own)}, and no more than ${countText(most)} may be under way at once (--max-open-tokens). It was not sent.`,
    hint: `Raise the limit: \`${commandOf(inquiry, own.tokens)}\`.${install} Or take its files out of workdir/ and \`submit\` its input with --again --max-batch-bytes ${most}, which makes smaller batches of it.`,
    needsPerson: true,
    facts: { index, tokens: own.tokens },
  }
}

const commandOf = (inquiry: SubmissionInquiry, limit: number): string =>
  `${sendingCommand(inquiry)} --max-open-tokens ${limit}`

function amountOf({ model, inputTokens }: SubmissionInquiry, { tokens }: OpenTokens): string {
  const of = model === null ? '' : ` of ${model.slice(0, 100)}`
  const how = inputTokens?.isCounted === true ? 'about' : 'at most, by its bytes,'
  return `${how} ${countText(tokens)} tokens of input${of}`
}
