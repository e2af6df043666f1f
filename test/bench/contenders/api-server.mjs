// As much of a batch server as the bench needs, in a process of its own: `node api-server.mjs <waiting batches> [output error]`.
// Without files every batch is still at work; with them there is one, it is completed, and they are its results. Prints its
// address. `GET /counts` says how often it was asked for what.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'

const [waiting, output, error] = process.argv.slice(2)
const files = { 'file-output': output, 'file-error': error }
const batches = Array.from({ length: Number(waiting) }, (_, at) => batchObject(Number(waiting) - at))
const byId = new Map(batches.map((batch, at) => [batch.id, { batch, at }]))
const counts = { list: 0, retrieve: 0, content: 0 }

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost')
  const [, , kind, id, content] = url.pathname.split('/')
  if (url.pathname === '/counts') return sendJson(response, counts)
  if (kind === 'batches' && id === undefined) return sendJson(response, listPage(url.searchParams))
  if (kind === 'batches') return sendBatch(response, id)
  if (content === undefined) return sendJson(response, fileObject(id))
  sendContent(response, files[id])
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

function listPage(parameters) {
  counts.list += 1
  const limit = Number(parameters.get('limit') ?? 20)
  const after = parameters.get('after')
  const start = after === null ? 0 : byId.get(after).at + 1
  const data = batches.slice(start, start + limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < batches.length,
  }
}

function sendBatch(response, id) {
  counts.retrieve += 1
  sendJson(response, byId.get(id).batch)
}

function sendContent(response, path) {
  counts.content += 1
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': statSync(path).size,
  })
  createReadStream(path, { highWaterMark: 1 << 18 }).pipe(response)
}

function sendJson(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

function fileObject(id) {
  const bytes = statSync(files[id]).size
  return {
    id,
    object: 'file',
    bytes,
    created_at: 1_759_276_800,
    filename: `${id}.jsonl`,
    purpose: 'batch_output',
  }
}

function batchObject(number) {
  const isDone = output !== undefined
  return {
    id: `batch_${number}`,
    object: 'batch',
    endpoint: '/v1/chat/completions',
    errors: null,
    input_file_id: `file-${number}`,
    completion_window: '24h',
    status: isDone ? 'completed' : 'in_progress',
    output_file_id: isDone ? 'file-output' : null,
    error_file_id: isDone ? 'file-error' : null,
    created_at: 1_759_276_800,
    in_progress_at: 1_759_276_801,
    finalizing_at: isDone ? 1_759_276_802 : null,
    completed_at: isDone ? 1_759_276_803 : null,
    expires_at: 1_759_363_200,
    request_counts: { total: 0, completed: 0, failed: 0 },
    metadata: null,
  }
}
