import { describe, expect, test } from 'vitest'
import { SampledTotal } from '../../../src/providers/estimate/sampled-total.js'
import { randomFrom } from '../../random-from.js'

describe('the sum', () => {
  test('of what was counted is exact', () => {
    const sum = new SampledTotal()
    sum.addCounted(10, 3)
    sum.addCounted(20, 5)
    expect(sum.total).toEqual({ tokens: 8, error: 0 })
  })

  test('takes the rest by its length, exactly where tokens follow length', () => {
    const sum = new SampledTotal()
    for (const length of [4, 40, 400]) sum.addCounted(length, length / 4)
    sum.addUncounted(1_000)
    expect(sum.total).toEqual({ tokens: 111 + 250, error: 0 })
  })

  test('of texts of which none that was counted has a character is off by no more than a token each', () => {
    const sum = new SampledTotal()
    sum.addCounted(0, 0)
    sum.addUncounted(50)
    expect(sum.total).toEqual({ tokens: 50, error: 50 })
  })

  test('is within its error as often as that says', () => {
    let within = 0
    for (let seed = 1; seed <= 400; seed += 1) {
      const random = randomFrom(seed)
      const sum = new SampledTotal()
      let real = 0
      for (let text = 0; text < 2_000; text += 1) {
        const length = 50 + Math.floor(random() * 2_000)
        const tokens = Math.round(length * (0.2 + random() * 0.15))
        real += tokens
        if (text % 10 === 0) sum.addCounted(length, tokens)
        else sum.addUncounted(length)
      }
      const { tokens, error } = sum.total
      expect(error).toBeLessThan(real * 0.05)
      if (Math.abs(tokens - real) <= error) within += 1
    }
    expect(within).toBeGreaterThan(400 * 0.9)
    expect(within).toBeLessThan(400 * 0.99)
  })
})
