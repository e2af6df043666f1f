import { expect, test } from 'vitest'
import { inTurn } from '../../src/workspace/in-turn.js'

test('work on one thing runs one after the other, also after one that failed; other things do not wait', async () => {
  const order: string[] = []
  const work =
    (name: string, turns: number, fails = false) =>
    async (): Promise<string> => {
      order.push(`${name} begins`)
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      order.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    }
  const results = await Promise.allSettled([
    inTurn('results', work('first', 20)),
    inTurn('results', work('second', 5, true)),
    inTurn('results', work('third', 1)),
    inTurn('others', work('other', 1)),
  ])
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([
    'first',
    'failed',
    'third',
    'other',
  ])
  expect(order.filter((step) => !step.startsWith('other'))).toEqual([
    'first begins',
    'first ends',
    'second begins',
    'second ends',
    'third begins',
    'third ends',
  ])
  expect(order.indexOf('other ends')).toBeLessThan(order.indexOf('first ends'))
})
