import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LineFile } from './line-file.mjs'
import { createRandom, nearlyInOrder } from './random.mjs'

/** Planted in every triple whose proof is measured, so that a contender who counts nothing is noticed. */
export const plantedFaults = { missing: 3, unknown: 2, duplicate: 2 }

export const noFaults = { missing: 0, unknown: 0, duplicate: 0 }

/**
 * Writes the three files of a triple into `workdir/` of a folder: the same bytes for the same arguments. Two in a thousand
 * requests failed for good and stand in the error file.
 *
 * @param {string} root
 * @param {{ kind: import('./kinds.mjs').Kind, requests: number, faults?: typeof plantedFaults, index?: string }} recipe
 * @returns paths, sizes, and what a proof has to count
 */
export function writeTriple(root, { kind, requests, faults = noFaults, index = '7' }) {
  const directory = join(root, 'workdir')
  mkdirSync(directory, { recursive: true })
  const pathOf = (name) => join(directory, `batch_${name}_${index}.jsonl`)
  const paths = { input: pathOf('input'), output: pathOf('output'), error: pathOf('error') }
  const { missing, unknown, duplicate } = faults
  const bytes = {
    input: writeInput(paths.input, kind, requests),
    ...writeAnswers(paths, kind, requests, faults),
  }
  const counts = { matched: requests - missing, missing, unknown, duplicate }
  return { root, index, paths, bytes, requests, counts, totalBytes: bytes.input + bytes.output + bytes.error }
}

/** How many requests give an output of about so many bytes. */
export function requestsFor({ answerBytes }, outputBytes) {
  return Math.max(50, Math.round(outputBytes / answerBytes))
}

function writeInput(path, kind, requests) {
  const file = new LineFile(path)
  const random = createRandom(1)
  for (let at = 0; at < requests; at += 1) {
    const id = JSON.stringify(kind.idOf(at))
    file.write(`{"custom_id": ${id}, "method": "POST", "url": "${kind.url}", "body": {`)
    file.write(...kind.request(random), '}}\n')
  }
  file.close()
  return file.bytes
}

function writeAnswers(paths, kind, requests, faults) {
  // The first requests have the faults: those are there in the smallest of triples.
  const { missing, duplicate } = faults
  const isRepeated = (at) => at < missing + duplicate
  const files = { output: new LineFile(paths.output), error: new LineFile(paths.error) }
  const random = createRandom(2)
  for (const at of nearlyInOrder(requests, createRandom(3))) {
    if (at % 1000 === 500 || at % 1000 === 501) writeFailure(files.error, kind, at)
    else if (at >= missing) writeAnswer(files.output, kind, at, isRepeated(at) ? createRandom(at) : random)
  }
  plantRepeats(files.output, kind, requests, faults)
  files.output.close()
  files.error.close()
  return { output: files.output.bytes, error: files.error.bytes }
}

/** Answers to requests that nobody sent, and answers that came twice: the same bytes, as after a torn download. */
function plantRepeats(file, kind, requests, { missing, unknown, duplicate }) {
  for (let at = 0; at < unknown; at += 1) writeAnswer(file, kind, requests + at, createRandom(at))
  for (let at = missing; at < missing + duplicate; at += 1)
    file.write(...answerLine(kind, at, createRandom(at)))
}

function writeAnswer(file, kind, at, random) {
  file.write(...answerLine(kind, at, random))
}

function answerLine(kind, at, random) {
  const id = kind.inAnswer(kind.idOf(at))
  const head = kind.isIdLast ? '' : `${kind.idKey}: ${id}, `
  const tail = kind.isIdLast ? `, ${kind.idKey}: ${id}` : ''
  return [
    `{"id": "batch_req_${at}", ${head}"response": {"status_code": 200, "request_id": "req_${at}", "body": `,
    ...kind.answer(at, random),
    `}, "error": null${tail}}\n`,
  ]
}

function writeFailure(file, kind, at) {
  const id = kind.inAnswer(kind.idOf(at))
  const error = `{"message": "This model's maximum context length is 128000 tokens.", "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}`
  file.write(
    `{"id": "batch_req_${at}", "custom_id": ${id}, "response": {"status_code": 400, "request_id": "req_${at}", "body": {"error": ${error}}}, "error": null}\n`,
  )
}
