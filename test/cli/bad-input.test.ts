import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answeredTriple, answerLine, jsonl, requestLine } from '../engine/lines.js'
import { filesBelow, putFiles } from '../workspace/support.js'
import { batchReconciler, jsonLines, temporaryFolder } from './command-line.js'

const input = jsonl(requestLine('a'), requestLine('b'))
const output = jsonl(answerLine('a', 'yes'), answerLine('b', 'no'))

interface BadFiles {
  readonly input?: string | null
  readonly output?: string
  readonly metadata?: string
}

/** A folder with triple 4 as told and the healthy triple 99. */
async function folderWith(files: BadFiles): Promise<string> {
  const root = await temporaryFolder()
  const { metadata } = files
  const inputText = files.input === undefined ? input : files.input
  putFiles(root, {
    ...answeredTriple('99', ['healthy']),
    ...(inputText === null ? {} : { 'workdir/batch_input_4.jsonl': inputText }),
    'workdir/batch_output_4.jsonl': files.output ?? output,
    ...(metadata === undefined ? {} : { 'workdir/batch_metadata_4.jsonl': metadata }),
  })
  return root
}

const cases: readonly (readonly [string, BadFiles, string, string])[] = [
  ['an empty output', { output: '' }, 'RequestIdsMismatch', 'batch_input_4.jsonl:1'],
  ['half a line', { output: output.slice(0, -30) }, 'RequestIdsMismatch', 'batch_output_4.jsonl:2'],
  ['an output of garbage', { output: 'no json\n' }, 'RequestIdsMismatch', 'batch_output_4.jsonl:1'],
  ['an input of garbage', { input: 'no json\n' }, 'UnreadableInputLines', 'batch_input_4.jsonl:1'],
  ['no input', { input: null }, 'MissingBatchInputFileButOthersExist', 'batch_output_4.jsonl'],
  [
    'two answers to one request',
    { output: output + jsonl(answerLine('a', 'no')) },
    'ConflictingAnswers',
    'batch_output_4.jsonl:3',
  ],
  [
    'an answer to no request',
    { output: output + jsonl(answerLine('c', 'no')) },
    'RequestIdsMismatch',
    'batch_output_4.jsonl:3',
  ],
  [
    'metadata that is cut',
    { metadata: '{"batch_id":"b' },
    'BatchMetadataUnreadable',
    'batch_metadata_4.jsonl',
  ],
]

describe('a run over bad files', () => {
  test.each(cases)('%s: exit code 1, the code, the place and what to do', async (_, files, code, place) => {
    const root = await folderWith(files)
    const { exitCode, stdout, stderr } = await batchReconciler(['run', root, '--json'])
    expect(exitCode).toBe(1)
    const [bad, healthy] = jsonLines(stdout)
    expect(bad).toMatchObject({ index: '4', error: { code } })
    expect(JSON.stringify(bad?.['error'])).toContain(place)
    expect(healthy).toMatchObject({ index: '99', outcome: 'done' })
    expect(stderr).not.toContain('    at ')
  })

  test.each(cases)('%s: the same in words', async (_, files, code, place) => {
    const { exitCode, stdout, stderr } = await batchReconciler(['run', await folderWith(files)])
    expect(exitCode).toBe(1)
    const words = `${stdout}\n${stderr}`
    expect(words).toContain(code)
    expect(words).toContain(place)
    expect(words).not.toContain('    at ')
  })

  test.each(cases)('%s: a plan says so and changes nothing', async (_, files, code) => {
    const root = await folderWith(files)
    const before = filesBelow(root)
    const { stdout } = await batchReconciler(['plan', root, '--json'])
    expect(jsonLines(stdout)[0]).toMatchObject({ index: '4', error: { code } })
    expect(filesBelow(root)).toEqual(before)
  })
})

describe('a path that is no workspace', () => {
  test.each(['run', 'plan', 'status', 'verify'])(
    '%s: exit code 2 and a word on what was expected',
    async (command) => {
      const root = await temporaryFolder()
      const missing = await batchReconciler([command, join(root, 'nowhere')])
      expect(missing).toMatchObject({ exitCode: 2, stdout: '' })
      expect(missing.stderr).toContain('nowhere does not exist')

      writeFileSync(join(root, 'file'), '')
      const file = await batchReconciler([command, join(root, 'file')])
      expect(file).toMatchObject({ exitCode: 2, stdout: '' })
      expect(file.stderr).toContain('a workspace folder was expected')

      mkdirSync(join(root, 'empty'))
      expect((await batchReconciler([command, join(root, 'empty')])).exitCode).toBe(2)
      expect(Object.keys(filesBelow(root))).toEqual(['file'])
    },
  )
})
