import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { taskOf } from '../../src/bullmq/job-data.js'
import { viewerCommand } from '../../src/inspect/xstate-inspect/viewer-command.js'
import { parseBatchIndex } from '../../src/workspace/batch-index.js'
import { batchReconciler } from '../cli/command-line.js'
import { answeredTriple } from '../engine/lines.js'
import { putFiles, withDirectory } from '../workspace/support.js'
import { oddValue, placesIn, replaced } from './odd-values.js'

/** All that a terminal acts on, but the end of a line. */
const control = /[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/** Of what one call prints about a folder of one triple. */
const mostText = 50_000

/** Prints, says what it was given in a bounded form, and ends with a code that docs/cli.md has. */
async function expectPlainEnd(inputs: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await batchReconciler(inputs)
  expect([0, 1, 2, 3]).toContain(exitCode)
  for (const text of [stdout, stderr]) {
    expect(text.length).toBeLessThan(mostText)
    expect(text).not.toMatch(control)
    expect(text).not.toContain('UnexpectedError')
    // A stack is for who writes this program.
    expect(text).not.toMatch(/^ {4}at /m)
  }
}

const oddWord = fc.oneof(
  fc.constantFrom(
    '',
    '--',
    '-',
    '--=',
    '--json=yes',
    '--concurrency',
    '-1',
    '1e400',
    '9'.repeat(400),
    '\u001B]0;title\u0007',
    '\u202Etxt',
    '../../../etc/passwd',
    '__proto__',
    '--__proto__',
    '--constructor=1',
    '\uD800',
    'x'.repeat(100_000),
    '--max-attempts',
    '--quick',
    '--no-json',
    '--base-url',
    'file:///etc/passwd',
    '--prices',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !text.includes('\0')),
)
const commands = ['plan', 'run', 'status', 'verify', 'unlock', 'retry', 'accept', 'cancel', 'usage', 'rnu']

describe('a command line of whatever words', () => {
  test(
    'ends with a code that is documented, and prints nothing that a terminal acts on',
    () =>
      withDirectory((root) => {
        putFiles(root, answeredTriple('1', ['a']))
        const words = fc.array(oddWord, { maxLength: 4 })
        const line = fc
          .tuple(fc.constantFrom(...commands), fc.boolean(), words)
          .map(([command, hasRoot, more]) => [command, ...(hasRoot ? [root] : []), ...more])
        return fc.assert(fc.asyncProperty(line, expectPlainEnd), { seed: 1_315, numRuns: 150 })
      }),
    300_000,
  )
})

describe('a folder of whatever names', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'batch_input_\u001B[2J.jsonl',
      'batch_input_\u202E1.jsonl',
      'batch_input_1\n.jsonl',
      'batch_input_01.jsonl',
      'batch_input_-1.jsonl',
      'batch_input_..jsonl',
      'batch_input___proto__.jsonl',
      `batch_input_${'9'.repeat(200)}.jsonl`,
      'batch_output_1.jsonl',
      'batch_metadata_2.jsonl',
      'batch_error_3 (1).jsonl',
    ),
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .map((text) => `batch_input_${text}.jsonl`)
      .filter((text) => !/[\0/]/.test(text)),
  )

  test(
    'is planned, run, told and verified without a word that a terminal acts on',
    () =>
      fc.assert(
        fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), (names) =>
          withDirectory(async (root) => {
            mkdirSync(join(root, 'workdir'))
            for (const each of names) writeFileSync(join(root, 'workdir', each), '{"custom_id":"a"}\n')
            for (const command of ['plan', 'run', 'status', 'verify']) await expectPlainEnd([command, root])
          }),
        ),
        { seed: 1_316, numRuns: 40 },
      ),
    300_000,
  )
})

/** A record with one value replaced, or no such record at all. */
const oddRecord = (record: object): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom(...placesIn(record)), oddValue)
      .map(([place, value]) => replaced(record, place, value)),
    oddValue,
  )

describe('a job of whatever kind', () => {
  const job = { index: '7', earlierFailures: { step: 'submitting', failures: 2 } }

  test('names a triple and how patient to be with it, or nothing', () => {
    fc.assert(
      fc.property(oddRecord(job), (data) => {
        const task = taskOf(data)
        if (task === null) return
        expect(parseBatchIndex(task.index)).toBe(task.index)
        expect(Object.keys(task).toSorted()).toEqual(['earlierFailures', 'index'])
        const { step = '', failures = 1 } = task.earlierFailures ?? {}
        expect(step.length).toBeLessThanOrEqual(100)
        expect(failures).toBeGreaterThan(0)
        expect(failures).toBeLessThanOrEqual(1_000_000)
      }),
      { seed: 1_317, numRuns: 1_000 },
    )
  })
})

describe('a message to the inspector of whatever kind', () => {
  const message = { type: 'xstate.event', service: 'x:1', event: { type: 'triple.rescan', name: 'poll.due' } }
  const nest = '['.repeat(30_000)
  const text = fc.oneof(
    oddRecord(message).map((value) => JSON.stringify(value) ?? ''),
    fc.constantFrom(
      nest,
      '{"type":"xstate.event","service":"x:1","event":{"type":"xstate.done.actor.0"}}',
      '\0',
    ),
    fc.string({ unit: 'binary' }),
  )

  test('is one of the few wishes that a person may have, or nothing', () => {
    const allowed = ['triple.rescan', 'triple.retry', 'triple.submit', 'poll.due']
    let understood = 0
    fc.assert(
      fc.property(text, (data) => {
        const command = viewerCommand(data)
        if (command === null) return
        understood += 1
        expect(Object.keys(command.event)).toEqual(['type'])
        expect(allowed).toContain(command.event.type)
        expect(typeof command.sessionId).toBe('string')
      }),
      { seed: 1_318, numRuns: 1_000 },
    )
    expect(understood).toBeGreaterThan(0)
  })
})
