import type { Problem } from '../../../machines/index.js'
import { reconciliationError } from '../../errors.js'
import type { BatchProvider, RemoteBatch } from '../../providers/batch-provider.js'
import type { InputChange } from '../../workspace/input-identity.js'
import { shellWord } from '../../workspace/shell-word.js'
import type { BatchFileTriple } from '../../workspace/triple.js'
import type { LooseFile } from './loose-file.js'

/** A wrong id, or an account that never had the batch. */
export function unknownBatch({ account, host, name }: BatchProvider, batchId: string): Error {
  return reconciliationError({
    code: 'BatchUnknown',
    message: `${account ?? host ?? name} does not know batch ${batchId}.`,
    hint: `${otherId(batchId)}Compare it with the list of batches on the server. The batches of another server, key, organisation or project are seen only with those: OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_ORG_ID, OPENAI_PROJECT_ID.`,
    needsPerson: true,
    facts: { batchId, account: account ?? null },
  })
}

/** Ids that people take for that of a batch, told by how they begin. */
function otherId(id: string): string {
  const of = others.find(([start]) => id.startsWith(start))?.[1]
  return of === undefined ? '' : `This is the id of ${of}. `
}

const others: readonly (readonly [string, string])[] = [
  ['file-', 'a file; a batch has one of its own, such as batch_68a1f0'],
  ['msgbatch_', "a batch of Anthropic, which does not speak OpenAI's batch protocol"],
  ['batch_req_', 'one request of a batch'],
  ['resp_', 'one response'],
  ['batches/', "a batch of Gemini, which does not speak OpenAI's batch protocol"],
]

/** Its validation refused it: nothing was run, and there is nothing to bring in. */
export function failedBatch({ batchId, errors }: RemoteBatch): Error {
  const [first] = errors
  const why = first === undefined ? '' : ` (${first.code ?? 'error'}: ${(first.message ?? '').slice(0, 200)})`
  return reconciliationError({
    code: 'BatchFailed',
    message: `Batch ${batchId} failed at the server and holds no results${why}.`,
    hint: 'Nothing of it was executed or charged, and nothing was imported. Mend its input if that is the reason, and `submit` it.',
    needsPerson: true,
    facts: { batchId, errors },
  })
}

/** Without the requests nobody can tell whether each was answered; whoever has them can still go on. */
export function inputGone(
  { workspace, index }: BatchFileTriple,
  { batchId, inputFileId }: RemoteBatch,
  problem: Problem | null,
): Error {
  const { root, layout } = workspace
  const what =
    inputFileId === null ? 'the server does not name it' : `${inputFileId} was deleted or has expired`
  return reconciliationError({
    code: 'BatchFilesGone',
    message: `The input of batch ${batchId} cannot be had: ${what}. Nothing was imported.`,
    hint: `If you have the file that it was made from, copy it to ${shellWord(layout.workdirFile('input', index))}, then: batch-reconciler adopt ${shellWord(root)} ${index} ${shellWord(batchId)}`,
    needsPerson: true,
    ...(problem === null ? {} : { causeMessage: problem.message }),
    facts: { batchId, inputFileId, index },
  })
}

/** What came is no input of this protocol. */
export function noRequests({ batchId, endpoint }: RemoteBatch, { looks }: LooseFile): Error {
  const found = looks === null ? 'holds no lines with custom_id, url and body' : `is ${looks}`
  return reconciliationError({
    code: 'RequestsFileInvalid',
    message: `The input of batch ${batchId} (${endpoint ?? 'no endpoint'}) ${found}. Nothing was imported.`,
    hint: 'Only batches are brought in whose input has one request a line, as OpenAI has them: custom_id, method, url, body. Download the files of this one from the server and use them as they are.',
    needsPerson: true,
    facts: { batchId, endpoint },
  })
}

/** The same requests stand here without a batch: two triples of one batch would deliver it twice. */
export function twin(triple: BatchFileTriple, path: string, batchId: string): Error {
  return withoutBatch(triple, {
    path,
    batchId,
    what: `holds the requests of batch ${batchId}, byte for byte`,
  })
}

/** The place of this batch is taken. */
export function placeTaken(triple: BatchFileTriple, path: string, batchId: string): Error {
  return withoutBatch(triple, { path, batchId, what: `stands where the input of batch ${batchId} would` })
}

interface Standing {
  readonly path: string
  readonly batchId: string
  readonly what: string
}

function withoutBatch(
  { workspace: { root }, index, input, output, error }: BatchFileTriple,
  { path, batchId, what }: Standing,
): Error {
  const isWaiting = input !== null && output === null && error === null
  const [home, id] = [root, batchId].map(shellWord)
  return reconciliationError({
    code: 'AdoptionRefused',
    message: `${path} ${what}, and the metadata of triple ${index} name none. Nothing was imported.`,
    hint: isWaiting
      ? `Give it the batch: batch-reconciler adopt ${home} ${index} ${id}`
      : `Triple ${index} has answers of its own. If they are those of another batch, import this one into another workspace: batch-reconciler import --batch ${id} my-other-batches`,
    needsPerson: true,
    facts: { batchId, index, path },
  })
}

/** The triple was sent from here, and the server has another file for it. */
export function otherInput(
  { batchId, inputFileId }: RemoteBatch,
  { index, sha256, sentSha256 }: InputChange,
): Error {
  return reconciliationError({
    code: 'InputChanged',
    message: `${inputFileId}, from which batch ${batchId} was made, has the sha256 ${sha256}; triple ${index} was sent with ${sentSha256}. Nothing was imported.`,
    hint: `Put the input that was sent back as batch_input_${index}.jsonl. If the metadata are wrong, take batch_metadata_${index}.jsonl out of workdir/, and import again.`,
    needsPerson: true,
    facts: { batchId, index, inputFileId },
  })
}

/** The triple stands, and a run would meet the same. */
export function answersMissing({ workspace: { root }, index }: BatchFileTriple, problem: Problem): Problem {
  if (problem.code !== 'BatchFilesGone') return problem
  return {
    ...problem,
    hint: `The requests are in triple ${index}. If you have the answers, put them beside its input as batch_output_${index}.jsonl or batch_error_${index}.jsonl and run. To go on without them: batch-reconciler accept ${shellWord(root)} ${index}`,
    facts: { ...problem.facts, index },
  }
}
