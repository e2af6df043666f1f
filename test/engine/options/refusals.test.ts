import { readdirSync } from 'node:fs'
import { OpenAI } from 'openai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  adoptBatch,
  createTemporaryWorkspace,
  createTripleCommands,
  executeReconciliationOperation,
  exportResults,
  findTriple,
  isBatchReconciliationError,
  openAiBatchProvider,
  planWorkspace,
  reconcileTriple,
  reconcileUnprocessedBatchTriple,
  reconcileWorkspace,
  retryByHand,
  submitRequests,
  systemClock,
  verifyWorkspace,
  watchWorkspace,
  type BatchFileTriple,
  type BatchReconciliationError,
  type BatchWorkspace,
} from '../../../src/index.js'
import { defaultTripleLimits } from '../../../machines/index.js'
import { optionSchemas } from '../../../src/engine/option-schemas.js'
import { parseOptions } from '../../../src/engine/parse-options.js'
import { answeredTriple } from '../lines.js'
import { filesBelow, withWorkspace } from '../../workspace/support.js'

const client = new OpenAI({ apiKey: 'secret-key', baseURL: 'http://127.0.0.1:1/v1' })
const provider = openAiBatchProvider({ client })
const callback = (): undefined => undefined

/** No option takes these. `undefined` is left out: it means "not given". */
const never = [null, Symbol('x'), 1n, [], [1]]
const notFunctions = [...never, {}, 'f', 1, true]
const notFlags = [...never, {}, 'true', 0, 1, callback]
const notCounts = [
  ...never,
  {},
  '4',
  '',
  Number.NaN,
  Infinity,
  -Infinity,
  -1,
  0.5,
  1.5,
  2 ** 53,
  true,
  callback,
]
const notDurations = [...never, {}, '60000', Number.NaN, Infinity, -Infinity, -1, -0.001, true, callback]

interface Values {
  readonly good: readonly unknown[]
  readonly bad: readonly unknown[]
}
const flag: Values = { good: [true, false], bad: notFlags }
const fromOne: Values = { good: [1, 4, 1_000], bad: [...notCounts, 0] }
const fromZero: Values = { good: [0, 5], bad: notCounts }
const duration: Values = { good: [0, 0.5, 60_000], bad: notDurations }
const durationFrom = (from: number): Values => ({ good: [from, 60_000], bad: [...notDurations, from - 1] })
const functionOnly: Values = { good: [callback, async () => undefined], bad: notFunctions }

/** What a provider may leave out beside its names. */
const optional = ['recent', 'deleteFile', 'uploadsInUse']

/** Has to name every option there is: the compiler and a test see to it. */
const values: Readonly<Record<keyof typeof optionSchemas, Values>> = {
  client: {
    good: [client, { files: {}, batches: {} }],
    bad: [
      ...notFunctions,
      callback,
      { files: {} },
      { batches: {} },
      { files: {}, batches: null },
      'sk-secret',
    ],
  },
  provider: {
    good: [provider],
    bad: [
      ...notFunctions,
      callback,
      client,
      ...Object.keys(provider)
        .filter((name) => !['quirks', 'host', 'account', ...optional].includes(name))
        .map((name) => ({ ...provider, [name]: undefined })),
      { ...provider, minPollDelayMs: Number.NaN },
    ],
  },
  shouldSubmit: flag,
  shouldSubmitRetries: flag,
  cancelDuplicates: flag,
  expectedContentType: {
    good: ['json', 'json-lines', 'text'],
    bad: [...notFunctions, callback, '', 'JSON', 'jsonl'],
  },
  schema: {
    good: [z.string(), { safeParse: callback }, Object.assign(() => true, { safeParse: callback })],
    bad: [...notFunctions, callback, { parse: callback }, { safeParse: true }],
  },
  repairJson: flag,
  processOutput: functionOnly,
  processErrors: functionOnly,
  shouldRetry: functionOnly,
  maxAttempts: fromOne,
  maxTokens: fromOne,
  maxCost: { good: [0.01, 12.5, 1_000], bad: [...never, {}, '12', 0, -1, Number.NaN, Infinity, callback] },
  prices: {
    good: [{ as_of: '2026-11-26', currency: 'USD', batch_factor: 0.5, models: {} }],
    bad: [...notFunctions, callback, { currency: 'USD' }],
  },
  assumedTokens: fromZero,
  maxOpenTokens: fromOne,
  limits: {
    good: [{}, { maxRetries: 0 }, { maxRetries: undefined }],
    bad: [...never, 'x', 1, true, callback],
  },
  onEvent: functionOnly,
  inspect: {
    good: [callback, { next: callback }, {}, { next: undefined }],
    bad: [null, 'f', 1, true, { next: 1 }, { next: null }],
  },
  signal: {
    good: [new AbortController().signal, AbortSignal.timeout(1_000_000)],
    bad: [...notFunctions, callback, new AbortController(), { aborted: false }],
  },
  clock: {
    good: [systemClock],
    bad: [
      ...notFunctions,
      callback,
      Date,
      { ...systemClock, now: undefined },
      { ...systemClock, now: 1 },
      { ...systemClock, setTimeout: undefined },
      { ...systemClock, clearTimeout: undefined },
    ],
  },
  concurrency: fromOne,
  pollDelayMs: duration,
  shouldPoll: flag,
  commands: { good: [createTripleCommands()], bad: [...notFunctions, callback, { request: callback }] },
  shouldStay: flag,
  shouldSubmitAgain: flag,
  shouldRetryAnswers: flag,
  shouldRetryUnrecognised: flag,
  shouldEstimate: flag,
  shouldCheckIds: flag,
  lookDelayMs: durationFrom(100),
  leaseMs: durationFrom(1_000),
  maxOpenBatches: fromOne,
  maxOpenRequests: fromOne,
  maxCreationsPerMinute: fromOne,
  shouldEnd: flag,
  format: { good: ['csv', 'jsonl', 'parquet'], bad: [...never, '', 'CSV', 'json', 1, true, callback, {}] },
  fields: {
    good: [[], ['year'], ['year:integer', 'town=address.city:text']],
    bad: [null, 'year', [1], ['year:int'], [''], ['a..b'], ['a=b=c'], { year: 'integer' }, callback, true],
  },
  shouldJoinRequests: flag,
  shouldSkipPending: flag,
  shouldOverwrite: flag,
  isDryRun: flag,
  shouldMove: flag,
  shouldCleanImported: flag,
  isForSpreadsheet: flag,
  keep: { good: ['first', 'last'], bad: ['', 'First', 'both', 1, true, null, ['first']] },
}

const limitValues: Readonly<Record<keyof typeof defaultTripleLimits, Values>> = {
  maxRetries: fromZero,
  maxLooksAgain: fromZero,
  maxAttempts: fromOne,
  backoffBaseMs: duration,
  backoffCapMs: duration,
}

function refusalOf(options: unknown): BatchReconciliationError {
  try {
    parseOptions(options)
  } catch (error) {
    if (isBatchReconciliationError(error)) return error
    throw error
  }
  throw new Error('The options were taken.')
}

const cases = [
  ...Object.entries(values).map(([name, one]) => ({
    option: name,
    wrap: (value: unknown) => ({ [name]: value }),
    ...one,
  })),
  ...Object.entries(limitValues).map(([name, one]) => ({
    option: `limits.${name}`,
    wrap: (value: unknown) => ({ limits: { [name]: value } }),
    ...one,
  })),
]

describe('an option', () => {
  test('stands in the table of this test, whichever it is', () => {
    expect(Object.keys(values).toSorted()).toEqual(Object.keys(optionSchemas).toSorted())
    expect(Object.keys(limitValues).toSorted()).toEqual(Object.keys(defaultTripleLimits).toSorted())
  })

  test.each(cases)('$option is refused by name with every value of another kind', ({ option, wrap, bad }) => {
    for (const value of bad) {
      const { code, message, facts, hint } = refusalOf(wrap(value))
      expect([code, facts['options']]).toMatchObject(['WrongUsage', [{ option, nearest: null }]])
      expect(message).toMatch(new RegExp(`^${option} is .+; .+ was expected\\.$`))
      expect(hint).toContain('nothing was touched')
    }
  })

  test.each(cases)(
    '$option is taken with every value of its kind, and undefined is not given',
    ({ wrap, good }) => {
      const defaults = parseOptions({})
      for (const value of good) expect(() => parseOptions(wrap(value))).not.toThrow()
      expect(parseOptions(wrap(undefined))).toEqual(defaults)
    },
  )

  test.each(cases.map(({ option, wrap }) => ({ option, wrap })))(
    '$option is named when one letter of it is wrong',
    ({ option, wrap }) => {
      const name = option.replace('limits.', '')
      const place = option.slice(0, option.length - name.length)
      for (const misspelt of misspellingsOf(name)) {
        const options = JSON.parse(JSON.stringify(wrap('x')).replace(`"${name}"`, `"${misspelt}"`)) as object
        const { message, facts } = refusalOf(options)
        expect(facts['options']).toEqual([
          expect.objectContaining({ option: place + misspelt, nearest: option }),
        ])
        expect(message).toBe(`There is no option ${place}${misspelt}. Did you mean ${option}?`)
      }
    },
  )
})

/** A letter less, a letter twice, neighbours swapped, another case, snake case. */
function misspellingsOf(name: string): readonly string[] {
  const middle = Math.floor(name.length / 2)
  const head = name.slice(0, middle)
  return [
    head + name.slice(middle + 1),
    `${head}${name[middle]}${name.slice(middle)}`,
    `${head}${name[middle + 1]}${name[middle]}${name.slice(middle + 2)}`,
    `${name[0]?.toUpperCase()}${name.slice(1)}`,
    `${name}s`,
    ...(/[A-Z]/.test(name) ? [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] : []),
  ].filter((misspelt) => !(misspelt in optionSchemas) && !(misspelt in defaultTripleLimits))
}

describe('a refusal', () => {
  test('says what was given as text, number or kind', () => {
    expect(refusalOf({ concurrency: '4' }).message).toBe(
      "concurrency is '4' (a string); a whole number, 1 or more was expected.",
    )
    expect(refusalOf({ concurrency: Number.NaN }).message).toContain('concurrency is NaN; ')
    expect(refusalOf({ concurrency: Infinity }).message).toContain('concurrency is Infinity; ')
    expect(refusalOf({ signal: new AbortController() }).message).toBe(
      'signal is an AbortController; an AbortSignal was expected.',
    )
  })

  test('shows no text that could be a key, and no more than a piece of any other', () => {
    expect(refusalOf({ client: 'sk-secret' }).message).toBe(
      'client is a string; an OpenAI client was expected.',
    )
    expect(JSON.stringify(refusalOf({ provider: client }).problem)).not.toContain('secret')
    const long = 'x'.repeat(1_000_000)
    const { problem } = refusalOf({ [long]: 1, expectedContentType: long })
    expect(JSON.stringify(problem).length).toBeLessThan(2_000)
  })

  test('finds the word in the middle, and lists what is known when nothing comes close', () => {
    expect(refusalOf({ submit: true }).message).toContain('Did you mean shouldSubmit?')
    expect(refusalOf({ contentType: 'json' }).message).toContain('Did you mean expectedContentType?')
    expect(refusalOf({ limits: { xyz: 1 } }).message).toBe(
      `There is no option limits.xyz. Known are ${Object.keys(limitValues)
        .map((name) => `limits.${name}`)
        .join(', ')}.`,
    )
    expect(refusalOf({ xyz: 1 }).message).toContain('Known are client, provider, ')
    expect(refusalOf({ constructor: 1 }).message).toContain('no option constructor')
  })

  test('tells of several faults, and counts those beyond the third', () => {
    const { message, facts } = refusalOf({
      concurrency: 0,
      shouldStay: 1,
      clock: {},
      repairJson: 'no',
      onEvnt: 1,
    })
    expect(message.match(/ was expected\./g)).toHaveLength(3)
    expect(message).toMatch(/ And 2 more\.$/)
    expect(facts['options']).toHaveLength(5)
  })

  test.each([null, 'x', 1, [], callback])('is given for %s in place of options', (options) => {
    expect(refusalOf(options).message).toMatch(
      /^What was given as options is .+; an object of options was expected\.$/,
    )
  })
})

type Entry = (workspace: BatchWorkspace, triple: BatchFileTriple, options: never) => Promise<unknown>

const entries: Readonly<Record<string, Entry>> = {
  reconcileWorkspace: (workspace, _, options) => reconcileWorkspace(workspace, options),
  watchWorkspace: (workspace, _, options) => watchWorkspace(workspace, options),
  submitRequests: (workspace, _, options) => submitRequests(workspace, [], options),
  retryByHand: (workspace, _, options) => retryByHand(workspace, '4', options),
  adoptBatch: (workspace, _, options) => adoptBatch(workspace, '4', 'batch_1', options),
  reconcileTriple: (workspace, triple, options) => reconcileTriple(workspace, triple, options),
  reconcileUnprocessedBatchTriple: (workspace, triple, options) =>
    reconcileUnprocessedBatchTriple({ ...triple, workspace }, options),
  executeReconciliationOperation: (workspace, triple, options) =>
    executeReconciliationOperation({ ...triple, workspace }, 'ProcessBatchOutputFile', options),
  planWorkspace: (workspace, _, options) => planWorkspace(workspace, options),
  verifyWorkspace: (workspace, _, options) => verifyWorkspace(workspace, options),
  exportResults: (workspace, _, options) => exportResults(workspace, `${workspace?.root}/x.csv`, options),
}

describe.each(Object.entries(entries))('%s', (_, call) => {
  test('refuses before anything is touched, the lock too', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const before = filesBelow(workspace.root)
      const triple = await findTriple(workspace, '4')
      for (const options of [{ concurrency: Number.NaN }, { concurency: 1 }, { limits: { maxRetry: 1 } }]) {
        const refused = call(workspace, triple, options as never)
        await expect(refused).rejects.toMatchObject({ code: 'WrongUsage' })
      }
      expect(filesBelow(workspace.root)).toEqual(before)
    }))

  test.each([undefined, null, './batches', Promise.resolve({}), {}])(
    'refuses %s as a workspace',
    (workspace) =>
      withWorkspace(answeredTriple('4', ['a']), async (real) => {
        const triple = await findTriple(real, '4')
        const refused = call(workspace as never, triple, {} as never)
        await expect(refused).rejects.toMatchObject({
          code: 'WrongUsage',
          hint: expect.stringContaining('await openWorkspace(path)'),
        })
      }),
  )
})

test('an option that only another function heeds is taken, so that one object serves several', async () => {
  const { workspace, remove } = await createTemporaryWorkspace()
  try {
    const shared = { pollDelayMs: 1, shouldStay: true, shouldSubmitAgain: true, shouldCheckIds: true }
    await expect(reconcileWorkspace(workspace, shared as object)).resolves.toMatchObject({ triples: [] })
    expect(readdirSync(workspace.root)).toContain('workdir')
  } finally {
    remove()
  }
})
