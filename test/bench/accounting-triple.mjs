// Writes a triple of a wanted size, the same bytes every time: chat-like rows, the answers in another order than
// the requests, two in a thousand of them in the error file.
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * @param {string} directory where the three files go
 * @param {number} outputBytes how large the output is to be, about
 * @param {number} lineBytes how long each of its lines is, about
 */
export async function writeTriple(directory, outputBytes, lineBytes) {
  const requests = Math.floor(outputBytes / lineBytes)
  const paths = {
    input: join(directory, 'batch_input_7.jsonl'),
    output: join(directory, 'batch_output_7.jsonl'),
    error: join(directory, 'batch_error_7.jsonl'),
  }
  const text = sentences(lineBytes)
  await writeLines(paths.input, requests, (at) => inputLine(at))
  await writeLines(paths.output, requests, (at) =>
    isFailed(at) ? null : outputLine(at ^ 1, text, lineBytes),
  )
  await writeLines(paths.error, requests, (at) => (isFailed(at) ? errorLine(at ^ 1) : null))
  return { paths, requests }
}

const isFailed = (at) => at % 1000 === 500 || at % 1000 === 501

const inputLine = (at) =>
  `{"custom_id": "request-${at}", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say something about ${at}."}]}}\n`

function outputLine(at, text, lineBytes) {
  const head = `{"id": "batch_req_${at}", "custom_id": "request-${at}", "response": {"status_code": 200, "request_id": "req_${at}", "body": {"id": "chatcmpl-${at}", "object": "chat.completion", "created": 1729730156, "model": "gpt-4o", "choices": [{"index": 0, "message": {"role": "assistant", "content": "`
  const tail = `"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}}}, "error": null}\n`
  return head + cut(text, lineBytes - head.length - tail.length) + tail
}

const errorLine = (at) =>
  `{"id": "batch_req_${at}", "custom_id": "request-${at}", "response": {"status_code": 500, "request_id": "req_${at}", "body": {"error": {"message": "The server had an error.", "type": "server_error", "code": "server_error"}}}, "error": null}\n`

/** Cut to a length, without half an escape at the end. */
function cut(text, length) {
  return text
    .slice(0, Math.max(0, length))
    .replace(/\\(u[0-9a-f]{0,3})?$/, (escape) => '.'.repeat(escape.length))
}

/** Text with the escapes that real answers have. */
const sentences = (length) =>
  String.raw`The answer is \"forty-two\".\nIt costs 3 \u20ac and no more. `.repeat(Math.ceil(length / 50))

async function writeLines(path, requests, lineOf) {
  const file = await open(path, 'w')
  let lines = []
  let bytes = 0
  const flush = async () => {
    await file.write(lines.join(''))
    lines = []
    bytes = 0
  }
  const even = requests - (requests % 2)
  for (let at = 0; at < even; at += 1) {
    const line = lineOf(at)
    if (line === null) continue
    lines.push(line)
    bytes += line.length
    if (bytes > 1 << 20) await flush()
  }
  await flush()
  await file.close()
}
