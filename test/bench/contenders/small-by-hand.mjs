// Many small triples by a plain loop: `node small-by-hand.mjs <root> <triples a sync of a directory>`. Results and proof are
// written durably, the files moved, and every directory synced: after each triple with 1, as the product does.
import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const [root, triplesASync] = process.argv.slice(2)
const folder = (name) => join(root, name)
for (const name of ['done', 'target', 'logs']) mkdirSync(folder(name), { recursive: true })

const indices = readdirSync(folder('workdir')).flatMap(
  (name) => /^batch_input_(\d+)\.jsonl$/.exec(name)?.[1] ?? [],
)
let moves = []
for (const [at, index] of indices.entries()) {
  reconcile(index)
  if ((at + 1) % Number(triplesASync) === 0) settle()
}
settle()

function reconcile(index) {
  const input = readFileSync(join(folder('workdir'), `batch_input_${index}.jsonl`))
  const output = readFileSync(join(folder('workdir'), `batch_output_${index}.jsonl`))
  const rows = new Map(linesOf(output).map((line, at) => [line.custom_id, rowOf(line, index, at + 1)]))
  const ids = linesOf(input).map(({ custom_id: id }) => id)
  const missing = ids.filter((id) => !rows.has(id)).length
  if (missing > 0 || rows.size !== ids.length) throw new Error(`Triple ${index} does not add up.`)
  const results = ids.map((id) => `${JSON.stringify(rows.get(id))}\n`).join('')
  const proof = { index, counts: { matched: ids.length, missing }, sha256: [sha256(input), sha256(output)] }
  writeSynced('target', `batch_results_${index}.jsonl`, results)
  writeSynced('logs', `batch_accounting_${index}.json`, JSON.stringify(proof))
  moves.push(`batch_input_${index}.jsonl`, `batch_output_${index}.jsonl`)
}

/** Names are made durable before anything moves. */
function settle() {
  if (moves.length === 0) return
  syncFolder('target')
  syncFolder('logs')
  for (const name of moves) renameSync(join(folder('workdir'), name), join(folder('done'), name))
  syncFolder('done')
  syncFolder('workdir')
  moves = []
}

function writeSynced(place, name, text) {
  const temporary = join(folder(place), `.${name}.tmp`)
  const file = openSync(temporary, 'wx')
  writeFileSync(file, text)
  fsyncSync(file)
  closeSync(file)
  renameSync(temporary, join(folder(place), name))
}

function syncFolder(name) {
  const file = openSync(folder(name), 'r')
  fsyncSync(file)
  closeSync(file)
}

function rowOf({ custom_id: id, response: { body } }, index, line) {
  const [choice] = body.choices
  return {
    custom_id: id,
    outcome: 'success',
    content: choice.message.content,
    finish_reason: choice.finish_reason,
    model: body.model ?? null,
    usage: body.usage,
    attempt: 1,
    source: { index, file: 'output', line },
  }
}

function linesOf(bytes) {
  return bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
