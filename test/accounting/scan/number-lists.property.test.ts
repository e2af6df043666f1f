import { expect, test } from 'vitest'
import { PlainScanner } from '../../../src/accounting/scan/plain-scanner.js'
import { pick, randomOf, type Random } from './random-rows.js'
import { scan, wasmScanner } from './scanners.js'

/**
 * Vectors, of which one scanner reads sixty-four bytes a step and the other one byte. Millions of them:
 * `SCAN_MUTATIONS=3000000 SCAN_SEED=1 npx vitest run …/number-lists.property.test.ts`.
 */
const lists = Number(process.env['SCAN_MUTATIONS'] ?? 5_000)
const seed = Number(process.env['SCAN_SEED'] ?? 1)

const numbers = ['0', '-0', '7', '-7', '10', '0.0', '-0.062136210', '0.5', '123456.789', '1e-9', '-1.5E+07']
const gaps = [',', ', ', ',', ', ', ',  ', ' ,', ',\t', ' , ']
const wrong = [
  ...'-., 07e+][\tx/:"\0\u007fé'.split(''),
  '00',
  '--',
  '..',
  ',,',
  '-.',
  '.-',
  '1.',
  '.1',
  '1-',
  '0.1.2',
  '01',
  '-01',
  '1 2',
  ', ,',
  'null',
]

function longNumber(random: Random): string {
  const digits = (): string => '1234567890'.repeat(7).slice(0, 1 + random(70))
  return pick(random, [digits(), `-${digits()}`, `0.${digits()}`, `${digits()}.${digits()}`, `1${digits()}`])
}

function listOf(random: Random): string {
  const gap = random(3) === 0 ? null : pick(random, gaps)
  const number = (): string => (random(20) === 0 ? longNumber(random) : pick(random, numbers))
  let text = number()
  for (let left = random(40); left > 0; left -= 1) text += (gap ?? pick(random, gaps)) + number()
  return text
}

function damaged(random: Random, text: string): string {
  const at = random(text.length + 1)
  return text.slice(0, at) + pick(random, wrong) + text.slice(at + random(3))
}

function vectorIn(line: string): readonly unknown[] | null {
  try {
    const row = JSON.parse(line) as { body: { data: readonly { embedding: readonly unknown[] }[] } }
    return row.body.data[0]?.embedding ?? null
  } catch {
    return null
  }
}

test('both scanners take the same lists of numbers, each of which JSON.parse takes', () => {
  const random = randomOf(seed)
  const [wasm, plain] = [wasmScanner(), new PlainScanner()]
  const counts = { taken: 0, refused: 0 }
  const lengthOfPattern = new Map<number, number>()
  for (let left = lists; left > 0; left -= 1) {
    let list = listOf(random)
    if (random(2) === 0) list = damaged(random, list)
    const line = `{"custom_id":"a","body":{"data":[{"embedding":[${list}]}]}}\n`
    const found = scan(wasm, line)
    expect(scan(plain, line), line).toEqual(found)
    const [row] = found.rows
    if (row === undefined) {
      counts.refused += 1
      continue
    }
    counts.taken += 1
    const vector = vectorIn(line)
    if (vector === null) throw new Error(`The scanners took what JSON.parse refuses: ${line}`)
    const pattern = row.pattern || wasm.learn()
    if (row.pattern === 0) expect(plain.learn()).toBe(pattern)
    // How many they are is in the pattern.
    if (vector.every((one) => typeof one === 'number') && pattern !== 0) {
      expect(lengthOfPattern.get(pattern) ?? vector.length, line).toBe(vector.length)
      lengthOfPattern.set(pattern, vector.length)
    }
  }
  expect(counts.taken).toBeGreaterThan(lists / 5)
  expect(counts.refused).toBeGreaterThan(lists / 10)
  expect(lengthOfPattern.size).toBeGreaterThan(20)
})
