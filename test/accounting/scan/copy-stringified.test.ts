import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PlainScanner } from '../../../src/accounting/scan/plain-scanner.js'
import { createWasmScanner } from '../../../src/accounting/scan/wasm-scanner.js'

const scanners = { WebAssembly: createWasmScanner(), 'plain JavaScript': new PlainScanner() }

/** A character as a server may write it: as it is, or escaped in one of several ways. */
const written = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(
        '"',
        '\\',
        '/',
        '\b',
        '\f',
        '\n',
        '\r',
        '\t',
        '\0',
        '\u001f',
        '\u007f',
        '\ud800',
        '\udc00',
        '😀',
        '\u2028',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    fc.constantFrom('short', 'lower', 'upper'),
  )
  .map(([character, way]) => {
    if (way === 'short') return character === '/' ? '\\/' : JSON.stringify(character).slice(1, -1)
    const escapes = [...Array(character.length).keys()].map((at) =>
      character.charCodeAt(at).toString(16).padStart(4, '0'),
    )
    return escapes.map((digits) => `\\u${way === 'upper' ? digits.toUpperCase() : digits}`).join('')
  })

describe.each(Object.entries(scanners))('copyStringified in %s', (_, scanner) => {
  test('writes any string as JSON.stringify does, between bytes that stay as they are', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            written,
            fc.string({ maxLength: 40 }).map((text) => JSON.stringify(text).slice(1, -1)),
          ),
        ),
        fc.nat({ max: 40 }),
        (pieces, before) => {
          const text = `"${pieces.join('')}"`
          const source = Buffer.from(`${' '.repeat(before)}${text} behind`)
          const [start, end] = [before, source.length - ' behind'.length]
          const target = Buffer.alloc(source.length + 20, '#')
          const copyEnd = scanner?.copyStringified(source, start, end, target, 3) ?? 0
          expect(target.toString('utf8', 3, copyEnd)).toBe(JSON.stringify(JSON.parse(text)))
          expect(target.toString('latin1', 0, 3) + target.toString('latin1', copyEnd)).toMatch(/^#+$/)
          expect(copyEnd - 3).toBeLessThanOrEqual(end - start)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('copies a string of many megabytes', () => {
    const text = JSON.stringify('a\n😀é'.repeat(600_000)).replaceAll('😀', '\\ud83d\\ude00')
    const source = Buffer.from(text)
    const target = Buffer.alloc(source.length)
    const end = scanner?.copyStringified(source, 0, source.length, target, 0)
    expect(target.toString('utf8', 0, end) === JSON.stringify(JSON.parse(text))).toBe(true)
  })
})
