import { describe, expect, test } from 'vitest'
import type { TripleFacts } from '../../machines/index.js'
import type { AccountedTriple } from '../../src/accounting/account.js'
import { stepScene } from './support.js'

const file = { path: '/x', bytes: 3, location: 'workdir' } as const
const facts = {
  index: '1',
  input: file,
  output: file,
  error: null,
  remoteStatus: 'completed',
  splitParts: null,
} as unknown as TripleFacts
const accounted = {} as AccountedTriple

describe('what was counted', () => {
  test('is kept for the very files it was counted of', async () => {
    const { accountings } = (await stepScene({})).anew()
    expect(accountings.recall(facts)).toBe(null)
    accountings.remember(facts, accounted)
    expect(accountings.recall({ ...facts, attempt: 9 })).toBe(accounted)
    accountings.forget()
    expect(accountings.recall(facts)).toBe(null)
  })

  test.each([
    { input: { ...file, bytes: 4 } },
    { output: { ...file, location: 'done' as const } },
    { error: file },
    { output: null },
    { remoteStatus: 'expired' },
    { splitParts: 2 },
  ])('is not what %j would give', async (change) => {
    const { accountings } = (await stepScene({})).anew()
    accountings.remember(facts, accounted)
    expect(accountings.recall({ ...facts, ...change })).toBe(null)
  })

  test('is kept of one triple at a time, and for each by itself', async () => {
    const scene = await stepScene({})
    const { accountings } = scene.anew()
    accountings.remember(facts, accounted)
    expect(scene.anew().accountings.recall(facts)).toBe(null)
    accountings.remember({ ...facts, output: null }, accounted)
    expect(accountings.recall(facts)).toBe(null)
  })
})

describe('steps at work', () => {
  test('are waited for to the last, also those that fail', async () => {
    const { stepsAtWork } = (await stepScene({})).anew()
    const ended: string[] = []
    const step = async (name: string, turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
      ended.push(name)
      if (name === 'fails') throw new Error(name)
    }
    stepsAtWork.add(step('fails', 1))
    stepsAtWork.add(step('takes longer', 3))
    await stepsAtWork.settled()
    expect(ended).toEqual(['fails', 'takes longer'])
  })
})
