import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { columnsOf, cutToWidth, terminalText } from '../../../src/cli/render/terminal-text.js'

describe('text of files and servers', () => {
  test.each([
    ['an escape sequence', '\u001b[31mred\u001b[0m', '\\u001b[31mred\\u001b[0m'],
    ['a C1 control', '\u009b2J', '\\u009b2J'],
    ['a bell and a backspace', 'a\u0007\u0008', 'a\\u0007\\u0008'],
    ['line breaks', 'a\nb\r\nc\u2028d', 'a\\nb\\u000d\\nc\\u2028d'],
    ['a mark that turns the direction', 'a\u202egpj.exe', 'a\\u202egpj.exe'],
    ['half a character', 'a\ud83d', 'a\\ud83d'],
    ['ordinary text in any script', 'Größe 你好 🙂', 'Größe 你好 🙂'],
  ])('%s', (_, text, shown) => {
    expect(terminalText(text)).toBe(shown)
  })

  test('never leaves a control character, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(terminalText(text)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })
})

describe('width', () => {
  test.each([
    ['abc', 3],
    ['Größe', 5],
    ['你好', 4],
    ['🙂', 2],
    ['e\u0301', 1],
  ])('of %s is %i columns', (text, columns) => {
    expect(columnsOf(text)).toBe(columns)
  })

  test('what fits stays as it is, what does not ends in an ellipsis', () => {
    expect(cutToWidth('abcdef', 6)).toBe('abcdef')
    expect(cutToWidth('abcdef', 5)).toBe('abcd…')
    expect(cutToWidth('你好你好', 6)).toBe('你好…')
    expect(cutToWidth('abc', 0)).toBe('')
  })

  test('is never more than asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        expect(columnsOf(cutToWidth(terminalText(text), width))).toBeLessThanOrEqual(width)
      }),
    )
  })
})
