import { describe, expect, test } from 'vitest'
import { lingerMs, turnsUnderLease } from '../../../src/engine/workers/turns-under-lease.js'
import type { Lease } from '../../../src/workspace/workers/lease.js'

const nothing = (): Promise<void> => Promise.resolve()

/** Time passes only where a test says so; whoever sleeps is woken at once. */
function scene({ take = nothing, confirm = nothing, release = nothing } = {}) {
  const told: string[] = []
  let nowMs = 0
  const lease: Lease = {
    name: 'submissions',
    number: 1,
    folder: '/nowhere',
    confirm,
    release: async () => {
      told.push('given back')
      await release()
    },
  }
  const turns = turnsUnderLease({
    take: async () => {
      await take()
      told.push('taken')
      return lease
    },
    clock: {
      now: () => 0,
      monotonicMs: () => nowMs,
      setTimeout: (callback, delayMs) => {
        if (delayMs !== lingerMs) told.push(`pause of ${delayMs}`)
        return setImmediate(callback)
      },
      clearTimeout: () => {},
    },
    signal: new AbortController().signal,
    heldForMs: 100,
    pauseMs: 70,
  })
  const work = (name: string, takesMs = 0): Promise<string> =>
    turns(async (_lease, isFirst) => {
      nowMs += takesMs
      await nothing()
      told.push(`${name}${isFirst ? ' first' : ''}`)
      return name
    })
  const givenBack = (): number => told.filter((each) => each === 'given back').length
  const untilGivenBack = async (times: number): Promise<void> => {
    await expect.poll(givenBack).toBe(times)
  }
  return { told, turns, work, untilGivenBack }
}

describe('triples of one worker that want one lease', () => {
  test('have it one after the other, taken once', async () => {
    const { told, work, untilGivenBack } = scene()
    expect(await Promise.all(['a', 'b', 'c'].map((name) => work(name)))).toEqual(['a', 'b', 'c'])
    await untilGivenBack(1)
    expect(await work('d')).toBe('d')
    await untilGivenBack(2)
    expect(told).toEqual(['taken', 'a first', 'b', 'c', 'given back', 'taken', 'd first', 'given back'])
  })

  test('have it still when one comes a moment later', async () => {
    const { told, work, untilGivenBack } = scene()
    await work('a')
    await work('b')
    await untilGivenBack(1)
    expect(told).toEqual(['taken', 'a first', 'b', 'given back'])
  })

  test('leave it to other workers after a while', async () => {
    const { told, work, untilGivenBack } = scene()
    await Promise.all([work('a', 60), work('b', 60), work('c', 60)])
    await untilGivenBack(2)
    expect(told).toEqual([
      'taken',
      'a first',
      'b',
      'given back',
      'pause of 70',
      'taken',
      'c first',
      'given back',
    ])
  })

  test('take it anew when it was lost meanwhile', async () => {
    const { told, work, untilGivenBack } = scene({ confirm: () => Promise.reject(new Error('taken over')) })
    await Promise.all([work('a'), work('b')])
    await untilGivenBack(2)
    expect(told.filter((each) => !each.startsWith('pause'))).toEqual([
      'taken',
      'a first',
      'given back',
      'taken',
      'b first',
      'given back',
    ])
  })

  test('fail each for itself', async () => {
    const { turns, work, told, untilGivenBack } = scene()
    const failing = turns(() => Promise.reject(new Error('no quota')))
    const other = work('b')
    await expect(failing).rejects.toThrow('no quota')
    expect(await other).toBe('b')
    await untilGivenBack(1)
    expect(told).toEqual(['taken', 'b', 'given back'])
  })

  test('hear why it cannot be had, one at a time', async () => {
    let tries = 0
    const take = async (): Promise<void> => {
      tries += 1
      if (tries === 1) throw new Error('held by another worker')
    }
    const { work } = scene({ take })
    const first = work('a')
    const second = work('b')
    await expect(first).rejects.toThrow('held by another worker')
    expect(await second).toBe('b')
  })

  test('go on when it could not be given back', async () => {
    let times = 0
    const release = async (): Promise<void> => {
      times += 1
      if (times === 1) throw new Error('EIO')
    }
    const { work, told, untilGivenBack } = scene({ release })
    expect(await work('a')).toBe('a')
    await untilGivenBack(1)
    expect(await work('b')).toBe('b')
    await untilGivenBack(2)
    expect(told.filter((each) => each === 'taken')).toHaveLength(2)
  })
})
