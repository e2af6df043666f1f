import type { FileDamage } from './plan.js'

/** The text of both files; `null` when the server has no such file. */
export interface ResultTexts {
  readonly output: string | null
  readonly error: string | null
}

/** The lines of both files, without their ends. */
export interface ResultLines {
  readonly output: readonly string[]
  readonly error: readonly string[]
}

/** Writes the lines of a batch, with whatever its plan says is wrong with the files. */
export function damaged(lines: ResultLines, damage: FileDamage): ResultTexts {
  const output = [
    ...cutSome(lines.output, damage.unreadableLines ?? 0),
    ...lines.output.slice(0, damage.duplicateLines ?? 0),
    ...lines.output.slice(0, damage.conflictingLines ?? 0).map(conflicting),
    ...lines.output.slice(0, damage.unknownIds ?? 0).map(unknown),
  ]
  const error = [...lines.error, ...lines.output.slice(0, damage.alsoInErrorFile ?? 0).map(failing)]
  return {
    output: textOf(output, damage),
    error: textOf(error, damage) ?? (damage.emptyErrorFile === true ? '' : null),
  }
}

function textOf(lines: readonly string[], damage: FileDamage): string | null {
  if (lines.length === 0) return null
  return lines.join('\n') + (damage.noFinalNewline === true ? '' : '\n')
}

/** The last lines are cut, so that the other kinds of damage, which take the first, stay readable. */
function cutSome(lines: readonly string[], count: number): readonly string[] {
  const firstCut = lines.length - count
  return lines.map((line, index) => (index < firstCut ? line : line.slice(0, Math.floor(line.length / 2))))
}

function conflicting(line: string): string {
  return changed(line, { id: 'batch_req_second', error: null, response: secondAnswer })
}

function unknown(line: string, index: number): string {
  return changed(line, { custom_id: `nobody-asked-for-this-${index + 1}` })
}

function failing(line: string): string {
  return changed(line, { id: 'batch_req_failing', response: null, error: lateError })
}

const secondAnswer = {
  status_code: 200,
  request_id: 'req_second',
  body: {
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: '"another answer"' }, finish_reason: 'stop' },
    ],
  },
}

const lateError = { code: 'server_error', message: 'The server lost track of this request.' }

function changed(line: string, fields: object): string {
  const parsed: unknown = JSON.parse(line)
  return JSON.stringify(Object.assign({}, parsed, fields))
}
