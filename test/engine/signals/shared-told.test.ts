import { assert, json, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Call } from '../../../src/engine/signals/calls.js'
import {
  parseShared,
  sharedText,
  withoutLost,
  type SharedTold,
} from '../../../src/engine/signals/shared-told.js'
import { newsOf, nothingTold } from '../../../src/engine/signals/told-causes.js'

const call = (index: string, why: string, code = 'AccessDenied'): Call => ({
  index,
  code,
  story: { stuck: 'failed', why, whatToDo: null },
  reason: `failed ${code}`,
})
const whys = (calls: readonly Call[], told = nothingTold, atWork: readonly string[] = []) => {
  const found = newsOf(calls, told, (index) => atWork.includes(index))
  return { ...found, whys: found.news.map(({ first }) => first.story.why) }
}

describe('what is news of causes', () => {
  test('is each cause once, while it stays', () => {
    const first = whys([call('1', 'no key'), call('2', 'no key'), call('3', 'no folder')])
    expect(first.whys).toEqual(['no key', 'no folder'])
    expect(whys([call('1', 'no key'), call('3', 'no folder')], first.told).whys).toEqual([])
  })

  test('is a cause again that was gone in between', () => {
    const gone = whys([], whys([call('1', 'no key')]).told)
    expect(whys([call('1', 'no key')], gone.told).whys).toEqual(['no key'])
  })

  test('is no problem that stays and has other words now', () => {
    const { told } = whys([call('1', 'no key')])
    expect(whys([call('1', 'that key is not known')], told).whys).toEqual([])
    expect(whys([call('1', 'that key is not known', 'NotFound')], told).whys).toHaveLength(1)
  })

  test('is no cause whose triple somebody works on in between, and that is there again then', () => {
    const { told } = whys([call('1', 'no key')])
    const between = whys([], told, ['1'])
    expect(whys([call('1', 'no key')], between.told).whys).toEqual([])
    expect(whys([call('1', 'the key is not known')], between.told).whys).toEqual([])
    expect(whys([call('1', 'no key')], whys([], told, ['2']).told).whys).toEqual(['no key'])
  })
})

const toldOf = (calls: readonly Call[]): SharedTold => ({
  causes: { stuck: newsOf(calls, nothingTold).told, retention: nothingTold },
  settled: '{}',
  open: [],
})
const isSeated = (token: string): boolean => token === 'here'
const keyOf = ({ causes }: SharedTold): string => [...causes.stuck.causes.keys()].join()

describe('what all workers have told', () => {
  test('is read as it was written', () => {
    const told = {
      ...toldOf([call('1', 'no key')]),
      open: [{ id: 'a', by: 'x', about: { kind: 'settled' } }],
    }
    expect(parseShared(sharedText(told as SharedTold))).toEqual(told)
  })

  test.each([null, '', '{', '[]', '{"causes":{}}', '{"causes":{"stuck":[],"retention":[]},"settled":1}'])(
    'is nothing where it cannot be read: %s',
    (text) => {
      expect(parseShared(text)).toEqual({
        causes: { stuck: nothingTold, retention: nothingTold },
        settled: null,
        open: [],
      })
    },
  )

  test('is read from whatever stands there, and written again', () => {
    assert(
      property(oneof(string(), json(), json({ maxDepth: 6 })), (text) => {
        expect(parseShared(sharedText(parseShared(text)))).toEqual(parseShared(text))
      }),
    )
  })

  test('is bounded in Redis, however many triples somebody was called for', () => {
    const calls = Array.from({ length: 100_000 }, (_, at) => call(String(at), 'no key'))
    expect(sharedText(toldOf(calls)).length).toBeLessThan(100_000)
  })

  describe('with a signal on its way', () => {
    const told = toldOf([call('1', 'no key')])
    const open = (by: string): SharedTold => ({
      ...told,
      open: [
        { id: 'a', by, about: { kind: 'stuck', key: keyOf(told) } },
        { id: 'b', by, about: { kind: 'settled' } },
      ],
    })

    test('of a worker that is there stays told', () => {
      expect(withoutLost(open('here'), new Set(), isSeated)).toEqual(open('here'))
    })

    test('of a worker that is gone was never told', () => {
      const left = withoutLost(open('gone'), new Set(), isSeated)
      expect(left.open).toEqual([])
      expect(left.settled).toBeNull()
      expect(newsOf([call('1', 'no key')], left.causes.stuck).news).toHaveLength(1)
    })

    test('that came to its end stays told, whoever had it', () => {
      const left = withoutLost(open('gone'), new Set(['a', 'b']), isSeated)
      expect(left).toEqual(told)
    })
  })
})
