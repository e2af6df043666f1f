import { reconcileWorkspace } from '../../../src/engine/reconcile-workspace.js'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'
import { answerLine, errorLine, jsonl, requestLine, responseLine } from '../lines.js'
import { withWorkspace } from '../../workspace/support.js'

/** What people and models put into ids and answers, and what tables have broken on. */
export const nastyTexts: readonly string[] = [
  'plain',
  ' spaces around ',
  'comma, "quotes" and \'more\'',
  'line\nfeed, CR\r\n and a lone \r one',
  '""',
  '"',
  'NULL',
  'null',
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\ttab',
  'a \uFEFF mark',
  'NUL \u0000 inside',
  '日本語, ñ, 🤖, \u2028',
  '\\n is no line feed',
  'x'.repeat(5_000_000),
]

/** The client of DuckDB for Node leaves this one out where a text begins with it; DuckDB itself does not. */
export const beginsWithMark = '\uFEFFmark'

/** Each text as an id of its own: ids are short. */
export const nastyIds: readonly string[] = nastyTexts.map((text, at) => `${text.slice(0, 40)}${at}`)

export const vector = [0.1, -0.5, 1e-7, 12345678]

/** JSON answers as models write them: digits that no double has, and every type for one member. */
export const jsonAnswers: Readonly<Record<string, string>> = {
  whole: '{"name":"Ada","year":1815,"score":0.5,"isAlive":false,"at":{"town":"London"}}',
  huge: '{"name":"","year":9223372036854775807,"score":1e400,"isAlive":true,"list":[1.0,12345678901234567890]}',
  beyond: '{"name":null,"year":9223372036854775808,"score":"high","isAlive":1}',
  other: '{"name":7,"year":1.5e3,"at":"nowhere"}',
  list: '[1,2,3]',
}

/** Three finished lineages: texts (one failed for good, one is tried again), JSON and vectors; and one that nobody sent. */
export function withNastyWorkspace<T>(use: (workspace: BatchWorkspace) => Promise<T>): Promise<T> {
  const json = Object.entries(jsonAnswers)
  const files = {
    'workdir/batch_input_1.jsonl': jsonl(
      ...nastyIds.map((id, at) => requestLine(id, nastyTexts[at])),
      requestLine('mark'),
      requestLine('failed'),
      requestLine('again'),
    ),
    'workdir/batch_output_1.jsonl': jsonl(
      ...nastyIds.map((id, at) => answerLine(id, nastyTexts[at] ?? '')).toReversed(),
      answerLine('mark', beginsWithMark),
    ),
    'workdir/batch_error_1.jsonl': jsonl(errorLine('failed'), errorLine('again', 500, 'server_error')),
    'workdir/batch_input_2.jsonl': jsonl(...json.map(([id]) => requestLine(id))),
    'workdir/batch_output_2.jsonl': jsonl(...json.map(([id, answer]) => answerLine(id, answer))),
    'workdir/batch_metadata_2.jsonl': '{"batch_id":"","input_file_id":"","content_type":"json"}\n',
    'workdir/batch_input_3.jsonl': jsonl(embeddingRequest('v')),
    'workdir/batch_output_3.jsonl': jsonl(embeddingAnswer('v')),
    'workdir/batch_input_4.jsonl': jsonl(requestLine('unsent'), requestLine('unsent'), 'no request'),
  }
  return withWorkspace(files, async (workspace) => {
    await reconcileWorkspace(workspace)
    return use(workspace)
  })
}

function embeddingRequest(id: string): string {
  const body = { model: 'text-embedding-3-small', input: id }
  return JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/embeddings', body })
}

function embeddingAnswer(id: string): string {
  const data = [{ object: 'embedding', index: 0, embedding: vector }]
  return responseLine(id, 200, { object: 'list', data, model: 'text-embedding-3-small', usage: {} })
}
