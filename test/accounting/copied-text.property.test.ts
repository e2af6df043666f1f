import { expect, test } from 'vitest'
import { compactJson } from '../../src/accounting/json-text/compact-json.js'
import { copyCompact } from '../../src/accounting/scan/copy-compact.js'
import { copyStringified } from '../../src/accounting/scan/copy-stringified.js'
import { createWasmScanner } from '../../src/accounting/scan/wasm-scanner.js'
import { pick, randomOf, type Random } from './scan/random-rows.js'

const wasm = createWasmScanner()

type Copy = typeof copyStringified

const hex = (random: Random, below = 0x10000): string => {
  const digits = random(below).toString(16).padStart(4, '0')
  return `\\u${random(2) === 0 ? digits : digits.toUpperCase()}`
}
const pieces: readonly ((random: Random) => string)[] = [
  (random) => 'plain words, as most are. '.slice(0, random(27)),
  (random) =>
    pick(random, ['é', '漢', '😀', '\u2028', '\u007f', '\u{10ffff}', '\uffff', '\u0080', '\u07ff', '\u0800']),
  (random) => pick(random, ['\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t']),
  (random) => hex(random),
  (random) => hex(random, 0x80),
  (random) => hex(random, 0x900),
  (random) => `\\u${(0xd800 + random(0x800)).toString(16)}`,
  (random) =>
    `\\uD8${pick(random, ['3d', '3D', '00', 'ff'])}${pick(random, ['\\ude00', '\\uDFFF', '\\udc00', '\\u0041', '\\ud83d', '\\n', 'x', '\\\\', ''])}`,
]

function jsonString(random: Random): string {
  const mine = random(3) === 0 ? pieces : [pick(random, pieces), pick(random, pieces)]
  const count = pick(random, [0, 1, 3, 12, 60])
  return `"${Array.from({ length: count }, () => pick(random, mine)(random)).join('')}"`
}

/** What is copied out of the middle of other bytes, into the middle of others; nothing beside it may change. */
function copied(copy: Copy, text: string, random: Random): string {
  const [before, behind] = [random(40), random(40)]
  const source = Buffer.concat([Buffer.alloc(before, '"'), Buffer.from(text), Buffer.alloc(behind, '\\')])
  const target = Buffer.alloc(before + source.length, 0x01)
  const end = copy(source, before, source.length - behind, target, before)
  if (target.subarray(0, before).some((byte) => byte !== 0x01))
    throw new Error(`Bytes before ${text} changed.`)
  if (target.subarray(end).some((byte) => byte !== 0x01)) throw new Error(`Bytes behind ${text} changed.`)
  return target.toString('utf8', before, end)
}

test.each<readonly [string, Copy]>([
  ['in JavaScript', copyStringified],
  ['in WebAssembly', (...given) => wasm?.copyStringified(...given) ?? -1],
])('a string is copied as JSON.stringify writes what it means: %s', (_, copy) => {
  const random = randomOf(Number(process.env['COPY_SEED'] ?? 5))
  for (let left = 30_000; left > 0; left -= 1) {
    const text = jsonString(random)
    const wanted = JSON.stringify(JSON.parse(text))
    const found = copied(copy, text, random)
    expect(found).toBe(wanted)
    expect(Buffer.byteLength(found)).toBeLessThanOrEqual(Buffer.byteLength(text))
  }
  for (let code = 0; code < 0x10000; code += 1) {
    const text = `"\\u${code.toString(16).padStart(4, '0')}"`
    if (copied(copy, text, random) !== JSON.stringify(JSON.parse(text))) expect(text).toBe('copied right')
  }
  for (const length of [1_000_000, 3_000_000]) {
    const text = `"${'\\u00e9x€\\n'.repeat(length / 10)}"`
    expect(copied(copy, text, random) === JSON.stringify(JSON.parse(text))).toBe(true)
  }
})

const spaces = ['', '', ' ', '\t', '\r', '\n', ' \t\r\n ']

/** JSON text with white space anywhere it may stand. */
function jsonText(random: Random, depth: number): string {
  const space = (): string => pick(random, spaces)
  const count = random(4)
  switch (depth === 0 ? random(3) : random(5)) {
    case 0:
      return jsonString(random)
    case 1:
      return pick(random, ['0', '-1.50', '1E+2', '9007199254740993', '1e400'])
    case 2:
      return pick(random, ['true', 'false', 'null', '{ }', '[\n]'])
    case 3:
      return `[${Array.from({ length: count }, () => space() + jsonText(random, depth - 1) + space()).join(',')}]`
    default:
      return `{${Array.from({ length: count }, () => `${space()}${jsonString(random)}${space()}:${space()}${jsonText(random, depth - 1)}${space()}`).join(',')}}`
  }
}

test('JSON is copied without the white space between its tokens', () => {
  const random = randomOf(6)
  for (let left = 10_000; left > 0; left -= 1) {
    const text = pick(random, spaces) + jsonText(random, 4) + pick(random, spaces)
    JSON.parse(text)
    expect(copied(copyCompact, text, random)).toBe(compactJson(text))
  }
})
