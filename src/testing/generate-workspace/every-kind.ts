import { digest } from '../fake-server/deterministic.js'
import type { ExpectedOutcome, TripleRecipe } from './recipe.js'
import { uuidOf } from './requests.js'

/**
 * One triple of every kind that a folder of batches holds sooner or later: whole ones, waiting ones, and ones that
 * are broken in each way seen on real servers and real disks.
 *
 * @param scale multiplies the number of requests
 */
export function everyKindOfTriple(scale = 1): readonly TripleRecipe[] {
  return [...wholeTriples, ...waitingTriples, ...failedRequests, ...brokenTriples].map((recipe) => ({
    ...recipe,
    requests: recipe.requests * scale,
  }))
}

const done: ExpectedOutcome = { outcome: 'done', code: null }

const wholeTriples: readonly TripleRecipe[] = [
  { index: '1', about: 'chat, every request answered', requests: 4_000, expected: done },
  {
    index: '2',
    about: 'responses, in another order than asked',
    requests: 3_000,
    endpoint: 'responses',
    order: 'shuffled',
    expected: done,
  },
  {
    index: '10',
    about: 'embeddings; a .bak copy of its output lies beside it',
    requests: 2_000,
    endpoint: 'embeddings',
    outputCopies: ['batch_output_10.bak.jsonl'],
    expected: done,
  },
  {
    index: uuidOf(['whole']),
    about: 'a UUID as its index, UUIDs as ids, JSON answers, some in a fence',
    requests: 1_500,
    ids: 'uuid',
    answers: 'json',
    mix: { 'fenced-json': 150, 'text-body': 20 },
    metadata: { ...seedMetadata('uuid', { output: true }), content_type: 'json' },
    expected: done,
  },
  {
    index: '18446744073709551615',
    about: 'the largest index, saved again by an editor: CRLF and a byte order mark',
    requests: 120,
    ids: 'awkward',
    isResaved: true,
    damage: { noFinalNewline: true },
    expected: done,
  },
  {
    index: '12',
    about: 'with metadata as the older Rust tool writes it',
    requests: 500,
    metadata: seedMetadata('12', { output: true }),
    expected: done,
  },
  {
    index: '13',
    about: '40 answer lines stand there twice',
    requests: 800,
    damage: { duplicateLines: 40 },
    expected: done,
  },
  {
    index: '14',
    about: '15 answered requests also stand in the error file',
    requests: 600,
    damage: { alsoInErrorFile: 15 },
    expected: done,
  },
]

const waitingTriples: readonly TripleRecipe[] = [
  {
    index: '20',
    about: 'only the input; it was never submitted',
    requests: 300,
    files: ['input'],
    expected: { outcome: 'not-submitted', code: null },
  },
  {
    index: '21',
    about: 'only the input; its batch is at the server, and no key of it is set',
    requests: 300,
    files: ['input'],
    metadata: { ...seedMetadata('21', {}), remote_status: 'in_progress' },
    expected: { outcome: 'pending', code: 'NoProvider' },
  },
]

const failedRequests: readonly TripleRecipe[] = [
  {
    index: '30',
    about: 'an error file only: all requests met a rate limit or a broken server',
    requests: 250,
    mix: { 'rate-limited': 150, 'server-error': 100 },
    expected: done,
  },
  {
    index: '31',
    about: 'failures of every kind among good answers',
    requests: 2_000,
    mix: {
      'rate-limited': 60,
      'server-error': 40,
      'status-0': 5,
      'response-and-error': 5,
      'failed-body': 5,
      'bad-request': 20,
      'context-length': 10,
      'insufficient-quota': 15,
      truncated: 25,
      refusal: 12,
      'content-filter': 3,
    },
    order: 'shuffled',
    expected: done,
  },
  {
    index: uuidOf(['expired']),
    about: 'expired half way: some requests have an error line that says so, some have no line at all',
    requests: 1_000,
    mix: { expired: 300, missing: 100 },
    metadata: { ...seedMetadata('expired', { output: true, error: true }), remote_status: 'expired' },
    expected: done,
  },
]

const brokenTriples: readonly TripleRecipe[] = [
  {
    index: '40',
    about: 'the input file is gone',
    requests: 200,
    files: ['output'],
    expected: { outcome: 'needs-attention', code: 'MissingBatchInputFileButOthersExist' },
  },
  {
    index: '41',
    about: 'the answers are those of another batch',
    requests: 400,
    areAnswersForeign: true,
    expected: { outcome: 'needs-attention', code: 'RequestIdsMismatch' },
  },
  {
    index: '42',
    about: 'seven requests have no answer',
    requests: 700,
    mix: { missing: 7 },
    expected: { outcome: 'failed', code: 'RequestIdsMismatch' },
  },
  {
    index: '43',
    about: 'an answer line is cut in the middle',
    requests: 500,
    damage: { unreadableLines: 1 },
    expected: { outcome: 'failed', code: 'RequestIdsMismatch' },
  },
  {
    index: '44',
    about: 'two different answers stand for each of three requests',
    requests: 400,
    damage: { conflictingLines: 3 },
    expected: { outcome: 'needs-attention', code: 'ConflictingAnswers' },
  },
]

/** The four fields of the seed, as it writes them: `null` for a file there is none of. */
function seedMetadata(
  name: string,
  files: { readonly output?: boolean; readonly error?: boolean },
): Record<string, string | null> {
  const id = (kind: string): string => digest(1, [kind, name], 24)
  return {
    batch_id: `batch_${id('batch')}`,
    input_file_id: `file-${id('input')}`,
    output_file_id: files.output === true ? `file-${id('output')}` : null,
    error_file_id: files.error === true ? `file-${id('error')}` : null,
  }
}
