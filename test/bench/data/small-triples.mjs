import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kinds, texts } from './kinds.mjs'
import { createRandom } from './random.mjs'
import { openEmptyWorkspace } from './workspaces.mjs'

const rowsEach = 10

/**
 * A workspace of many triples of ten answered requests each. All have the same rows but for their ids: what is measured is
 * what a triple costs, not what is in it.
 */
export function writeSmallTriples(root, count) {
  openEmptyWorkspace(root)
  const { input, output } = sampleTexts()
  for (let index = 1; index <= count; index += 1) {
    const pathOf = (name) => join(root, 'workdir', `batch_${name}_${index}.jsonl`)
    writeFileSync(pathOf('input'), input.replaceAll('@', String(index)))
    writeFileSync(pathOf('output'), output.replaceAll('@', String(index)))
  }
  return root
}

let samples

function sampleTexts() {
  samples ??= makeTexts()
  return samples
}

function makeTexts() {
  const random = createRandom(10)
  const word = () => texts().pieceOf(200, random.share()).toString()
  let input = ''
  let output = ''
  for (let at = 0; at < rowsEach; at += 1) {
    const id = `"t@-request-${at}"`
    input += `{"custom_id": ${id}, "method": "POST", "url": "${kinds.chat.url}", "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "${word()}"}]}}\n`
    output += `{"id": "batch_req_@_${at}", "custom_id": ${id}, "response": {"status_code": 200, "request_id": "req_@_${at}", "body": {"id": "chatcmpl-@-${at}", "object": "chat.completion", "created": 1759276800, "model": "gpt-4o-mini", "choices": [{"index": 0, "message": {"role": "assistant", "content": "${word()}", "refusal": null}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 60, "completion_tokens": 50, "total_tokens": 110}}}, "error": null}\n`
  }
  return { input, output }
}

/** Very many files of triples that hold next to nothing: for what only lists and looks. */
export function writeManyFiles(root, files) {
  openEmptyWorkspace(root)
  const triples = Math.floor(files / 3)
  for (let index = 1; index <= triples; index += 1) {
    for (const name of ['input', 'output', 'error']) {
      writeFileSync(join(root, 'workdir', `batch_${name}_${index}.jsonl`), `{"custom_id":"a"}\n`)
    }
  }
  return { root, triples }
}

/** Requests that were never sent. */
export function writeInputs(root, count, rows) {
  openEmptyWorkspace(root)
  for (let index = 1; index <= count; index += 1) {
    const lines = Array.from(
      { length: rows },
      (_, row) =>
        `{"custom_id":"t${index}-r${row}","method":"POST","url":"${kinds.chat.url}","body":{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Say ${row}."}]}}\n`,
    )
    writeFileSync(join(root, 'workdir', `batch_input_${index}.jsonl`), lines.join(''))
  }
  return root
}

/** Triples whose batches a server still works on. */
export function writeWaitingTriples(root, count) {
  openEmptyWorkspace(root)
  for (let index = 1; index <= count; index += 1) {
    const pathOf = (name) => join(root, 'workdir', `batch_${name}_${index}.jsonl`)
    writeFileSync(
      pathOf('input'),
      `{"custom_id":"a","method":"POST","url":"${kinds.chat.url}","body":{"model":"m","messages":[]}}\n`,
    )
    const metadata = {
      batch_id: `batch_${index}`,
      input_file_id: `file-${index}`,
      output_file_id: null,
      error_file_id: null,
      schema_version: 1,
      remote_status: 'in_progress',
      endpoint: kinds.chat.url,
      model: 'm',
      request_count: 1,
      submitted_at_ms: 1_759_276_800_000,
      created_at_ms: 1_759_276_800_000,
    }
    writeFileSync(pathOf('metadata'), `${JSON.stringify(metadata)}\n`)
  }
  return root
}
