// What one writes by hand in place of `run`: `node reconcile-by-hand.mjs <root> <text|json>`. The same results file; nothing
// is proven, synced or moved, and all answers are held in memory.
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const [root, contentType] = process.argv.slice(2)
const { schema, processOutput } = contentType === 'json' ? await import('./processor.mjs') : {}
const pathOf = (name) => join(root, 'workdir', `batch_${name}_7.jsonl`)

const rows = new Map()
for (const file of ['output', 'error']) {
  let lineNumber = 0
  for await (const text of linesOf(pathOf(file))) {
    const line = JSON.parse(text)
    const row = rowOf(line, { index: '7', file, line: (lineNumber += 1) })
    if (row.outcome === 'success') await processOutput?.({ customId: row.custom_id, content: row.content })
    rows.set(line.custom_id, JSON.stringify(row))
  }
}
mkdirSync(join(root, 'target'), { recursive: true })
const results = createWriteStream(join(root, 'target', 'batch_results_7.jsonl'))
for await (const text of linesOf(pathOf('input'))) {
  const row = rows.get(JSON.parse(text).custom_id)
  if (row === undefined) throw new Error('A request has no answer.')
  if (!results.write(`${row}\n`)) await once(results, 'drain')
}
results.end()
await once(results, 'finish')

function rowOf({ custom_id: id, response }, source) {
  const { body, status_code: status } = response
  if (status !== 200) {
    const { code, message } = body.error
    const error = { code, message }
    return {
      custom_id: id,
      outcome: 'permanent',
      error,
      finish_reason: null,
      model: null,
      usage: null,
      attempt: 1,
      source,
    }
  }
  const { text, finishReason } = answerOf(body)
  const content = schema === undefined ? text : schema.parse(JSON.parse(text))
  return {
    custom_id: id,
    outcome: 'success',
    content,
    finish_reason: finishReason,
    model: body.model ?? null,
    usage: body.usage,
    attempt: 1,
    source,
  }
}

function answerOf(body) {
  if (body.object === 'response') return { text: textOfResponse(body), finishReason: body.status }
  const [choice] = body.choices
  return { text: choice.message.content, finishReason: choice.finish_reason }
}

function textOfResponse({ output }) {
  const parts = output.filter(({ type }) => type === 'message').flatMap(({ content }) => content)
  return parts.map(({ text }) => text).join('')
}

function linesOf(path) {
  return createInterface({ input: createReadStream(path), crlfDelay: Infinity })
}
