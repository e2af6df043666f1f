import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openAiQuirks } from '../../src/providers/openai/quirks.js'
import { validateRequestsFile } from '../../src/providers/validate-input.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { answerLine, jsonl, requestLine } from '../engine/lines.js'
import { batchReconciler, jsonLines, temporaryFolder } from './command-line.js'

/** No double holds it: a cure that parses would round it. */
const longNumber = '12345678901234567890'
const content = 'Grüße {not} [a] "list", // None, NaN: \'x\' \\ end\nnext\tline 😀'

const requests = ['a', 'b', 'c'].map((id) =>
  requestLine(id, content).replace('"method"', `"n":${longNumber},"method"`),
)
const answers = ['a', 'b', 'c'].map((id) =>
  answerLine(id, content).replace('"response"', `"n":${longNumber},"response"`),
)

interface Case {
  readonly dialect: string
  readonly write: (lines: readonly string[]) => string | Buffer
  /** Whether the cure gives back the very lines; if not, the same rows. */
  readonly isExact: boolean
}

const pretty = (line: string): string =>
  JSON.stringify(JSON.parse(line), null, 2).replace(/12345678901234567000|12345678901234567\d*/g, longNumber)

const cases: readonly Case[] = [
  {
    dialect: 'UTF-16 text',
    write: (lines) => Buffer.from(`\uFEFF${jsonl(...lines)}`, 'utf16le'),
    isExact: true,
  },
  { dialect: 'UTF-16 text', write: (lines) => Buffer.from(jsonl(...lines), 'utf16le'), isExact: true },
  {
    dialect: 'UTF-16 text',
    write: (lines) => Buffer.from(jsonl(...lines), 'utf16le').swap16(),
    isExact: true,
  },
  {
    dialect: 'UTF-32 text',
    write: (lines) => execFileSync('iconv', ['-f', 'UTF-8', '-t', 'UTF-32'], { input: jsonl(...lines) }),
    isExact: true,
  },
  { dialect: 'gzip-compressed data', write: (lines) => gzipSync(jsonl(...lines)), isExact: true },
  { dialect: 'one JSON array', write: (lines) => `[${lines.join(',')}]`, isExact: true },
  { dialect: 'one JSON array', write: (lines) => `[\n${lines.map(pretty).join(',\n')}\n]\n`, isExact: true },
  { dialect: 'one JSON array', write: (lines) => `[\n${lines.join(',\n')}\n]\n`, isExact: true },
  {
    dialect: 'a JSON array on each line',
    write: (lines) => jsonl(...lines.map((l) => `[${l}]`)),
    isExact: true,
  },
  {
    dialect: 'one JSON object over many lines',
    write: (lines) => jsonl(...lines.map(pretty)),
    isExact: true,
  },
  { dialect: 'several JSON objects on one line', write: (lines) => lines.join(''), isExact: true },
  { dialect: 'several JSON objects on one line', write: (lines) => `${lines.join(' ')}\n`, isExact: true },
  { dialect: 'several JSON objects on one line', write: (lines) => `${lines.join('\\n')}\\n`, isExact: true },
  {
    dialect: 'JSON objects with a comma between the lines',
    write: (lines) => `${lines.join(',\n')},\n`,
    isExact: true,
  },
  {
    dialect: 'JSON with a comma before a closing bracket',
    write: (lines) => jsonl(...lines.map((line) => line.replace(/\}$/, ',}'))),
    isExact: true,
  },
  {
    dialect: 'JSON with NaN or Infinity, which JSON does not have',
    write: (lines) => jsonl(...lines.map((line) => line.replace(longNumber, 'NaN'))),
    isExact: false,
  },
  {
    dialect: 'JSON with comments',
    write: (lines) => `// by hand\n${jsonl(...lines.map((line) => `${line} // one\n/* two */`))}`,
    isExact: false,
  },
  {
    dialect: 'JSON with a bare line break or tab inside a text',
    write: (lines) => jsonl(...lines.map((line) => line.replaceAll('\\t', '\t'))),
    isExact: true,
  },
  {
    dialect: 'Python literals (single quotes, None, True)',
    write: (lines) =>
      jsonl(...lines.map((line) => line.replace(/^\{"([a-z_]+)"/, "{'$1'").replaceAll('null', 'None'))),
    isExact: false,
  },
  {
    dialect: 'JSON inside a JSON text (encoded twice)',
    write: (lines) => jsonl(...lines.map((line) => JSON.stringify(line))),
    isExact: true,
  },
]

const inputName = 'batch_input_7.jsonl'
const outputName = 'batch_output_7.jsonl'

/** A workspace whose name a shell would take apart, with a triple in it. */
async function workspaceOf(input: string | Buffer, output: string | Buffer): Promise<string> {
  const root = join(await temporaryFolder(), "it's a folder")
  mkdirSync(join(root, 'workdir'), { recursive: true })
  writeFileSync(join(root, 'workdir', inputName), input)
  writeFileSync(join(root, 'workdir', outputName), output)
  return root
}

interface Told {
  readonly code: string
  readonly message: string
  readonly hint: string
}

function problemIn(stdout: string): Told {
  return jsonLines(stdout)[0]?.['error'] as Told
}

/** Does what the hint says, to the letter. */
function follow(hint: string): void {
  const [, command] = /in place: (.* && mv .*?\.new '?.*?\.jsonl'?)(?:\. |, then)/.exec(hint) ?? []
  if (command === undefined) throw new Error(`No command in: ${hint}`)
  execFileSync('/bin/sh', ['-c', command])
}

describe.each(cases)('$dialect (case %#)', ({ dialect, write, isExact }) => {
  test('in the place of the input is named by plan, and its cure works', async () => {
    const root = await workspaceOf(write(requests), jsonl(...answers))
    const { exitCode, stdout } = await batchReconciler(['plan', root, '--json'])
    const problem = problemIn(stdout)
    expect([exitCode, problem.code]).toEqual([1, 'UnreadableInputLines'])
    expect(problem.message).toContain(`${inputName} looks like ${dialect}`)
    follow(problem.hint)
    if (isExact)
      expect(readFileSync(join(root, 'workdir', inputName), 'utf8').trimEnd()).toBe(requests.join('\n'))
    expect((await batchReconciler(['run', root])).exitCode).toBe(0)
  })

  test('in the place of the answers is named by run, which moves and sends nothing, and its cure works', async () => {
    const root = await workspaceOf(jsonl(...requests), write(answers))
    const { exitCode, stdout, stderr } = await batchReconciler(['run', root, '--json'])
    const problem = problemIn(stdout)
    expect([exitCode, problem.code]).toEqual([1, 'RequestIdsMismatch'])
    expect(problem.message).toContain(`${outputName} looks like ${dialect}`)
    expect(problem.hint).not.toMatch(/submit|retry/)
    expect(stderr).toContain(problem.hint.slice(0, 200))
    follow(problem.hint)
    expect((await batchReconciler(['run', root])).exitCode).toBe(0)
    const results = readFileSync(join(root, 'target', 'batch_results_7.jsonl'), 'utf8')
    expect(jsonLines(results).map((row) => [row['custom_id'], row['content']])).toEqual(
      ['a', 'b', 'c'].map((id) => [id, content]),
    )
  })

  test('in a file of requests is told once by submit before anything is sent, and its cure works', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'my requests.jsonl')
    writeFileSync(file, write(requests))
    const { exitCode, stderr } = await submit(folder, file)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('RequestsFileInvalid: my requests.jsonl:')
    expect(stderr).toContain(`The file looks like ${dialect}.`)
    expect(stderr.split('\n').length).toBeLessThan(12)
    follow(stderr)
    expect(await validateRequestsFile(nodeFileSystem, file, openAiQuirks)).toMatchObject({
      requestCount: 3,
      problems: [],
    })
  })
})

/** Whatever is wrong with the file is found before anybody asks for the server, which is not there. */
function submit(folder: string, file: string) {
  return batchReconciler(['submit', join(folder, 'ws'), file, '--base-url', 'http://127.0.0.1:9/v1'], {
    env: { OPENAI_API_KEY: 'sk-test' },
  })
}

/** The same rows with a number in the place of the id. */
const numbered = (lines: readonly string[]): string =>
  jsonl(...lines.map((line, at) => line.replace(/"custom_id":"."/, `"custom_id": ${at + 1}`)))

describe('rows of other dialects', () => {
  test('a number as custom_id is told once, and quoting it is the cure', async () => {
    const root = await workspaceOf(numbered(requests), numbered(answers))
    const { stdout } = await batchReconciler(['plan', root, '--json'])
    const problem = problemIn(stdout)
    expect(problem.message).toContain('looks like a row whose custom_id is a number')
    follow(problem.hint)
    const { stdout: second } = await batchReconciler(['run', root, '--json'])
    follow(problemIn(second).hint)
    expect((await batchReconciler(['run', root])).exitCode).toBe(0)
  })

  test.each([
    ['a Gemini batch answer', (id: string) => ({ key: id, response: { candidates: [] } })],
    ['a Vertex AI batch prediction', (id: string) => ({ request: { id }, response: { candidates: [] } })],
    ['an Amazon Bedrock batch answer', (id: string) => ({ recordId: id, modelOutput: {} })],
    ['a chat completion without its custom_id', () => ({ object: 'chat.completion', choices: [] })],
  ])('%s among the answers is named, and nobody is told to send anything again', async (dialect, row) => {
    const output = jsonl(...['a', 'b', 'c'].map((id) => JSON.stringify(row(id))))
    const root = await workspaceOf(jsonl(...requests), output)
    const { exitCode, stdout } = await batchReconciler(['run', root, '--json'])
    const { code, message, hint } = problemIn(stdout)
    expect([exitCode, code]).toEqual([1, 'RequestIdsMismatch'])
    expect(message).toContain(`${outputName} looks like ${dialect}`)
    expect(hint).not.toMatch(/submit|retry/)
    expect(hint).toContain(`batch-reconciler accept '`)
    expect(readFileSync(join(root, 'workdir', outputName), 'utf8')).toBe(output)
  })

  test('requests in the place of answers, and answers in the place of requests, are named', async () => {
    const swapped = await workspaceOf(jsonl(...answers), jsonl(...answers))
    writeFileSync(join(swapped, 'workdir', inputName), '{"custom_id":7,"response":{}}\n')
    expect(problemIn((await batchReconciler(['plan', swapped, '--json'])).stdout).code).toBe(
      'UnreadableInputLines',
    )
    const file = join(await temporaryFolder(), 'answers.jsonl')
    writeFileSync(file, jsonl(...answers))
    const { stderr } = await submit(await temporaryFolder(), file)
    expect(stderr).toContain('The file looks like an answer, not a request.')
  })
})

describe('missing answers', () => {
  test('stand all in one file, by id and line, until they are there', async () => {
    const root = await workspaceOf(jsonl(...requests), jsonl(answers[1] ?? ''))
    const missing = join(root, 'failed-items', 'batch_missing_7.jsonl')
    const { stdout: planned } = await batchReconciler(['plan', root, '--json'])
    expect(problemIn(planned).hint).toContain(missing)
    expect(existsSync(missing)).toBe(false)
    await batchReconciler(['run', root])
    expect(readFileSync(missing, 'utf8')).toBe(
      '{"custom_id":"a","input_line":1}\n{"custom_id":"c","input_line":3}\n',
    )
    writeFileSync(join(root, 'workdir', outputName), jsonl(...answers))
    expect((await batchReconciler(['run', root])).exitCode).toBe(0)
    expect(existsSync(missing)).toBe(false)
  })
})
