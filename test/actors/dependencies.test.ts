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
    const first = openPromise()
    const second = openPromise()
    stepsAtWork.add(first.promise)
    stepsAtWork.add(second.promise)
    let hasSettled = false
    const settled = stepsAtWork.settled().then(() => (hasSettled = true))
    first.reject(new Error('no'))
    await Promise.allSettled([first.promise])
    await new Promise(setImmediate)
    expect(hasSettled).toBe(false)
    second.resolve()
    await settled
  })
})

function openPromise() {
  let resolve = (): void => {}
  let reject = (_: Error): void => {}
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve: () => resolve(), reject: (error: Error) => reject(error) }
}
