import { describe, expect, test } from 'vitest'
import { decodeBytes } from '../../src/accounting/decode-line.js'
import { requestIdOf } from '../../src/accounting/request-id.js'

const decode = (content: string | Uint8Array): ReturnType<typeof decodeBytes> =>
  decodeBytes(Buffer.from(content))

describe('decoding a line', () => {
  test.each([
    ['ASCII', '{"a":"b"}', { a: 'b' }],
    ['UTF-8', '{"a":"é漢😀"}', { a: 'é漢😀' }],
    ['escapes', String.raw`{"a":"\u00e9\ud83d\ude00"}`, { a: 'é😀' }],
    ['U+2028 inside a string', '{"a":"\u2028"}', { a: '\u2028' }],
    ['a lone CR between tokens', '{"a":\r1}', { a: 1 }],
  ])('reads %s', (_name, content, value) => {
    expect(decode(content)).toEqual({ type: 'object', value, text: content, isTooDeep: false })
  })

  test('keeps of a line that is nested too deep what is no list and no object', () => {
    const [opening, closing] = ['['.repeat(100_000), ']'.repeat(100_000)]
    const deep = (fields: string) => decode(`{${fields}"deep":${opening}1${closing}}`)
    expect(deep('"custom_id":"a","url":"/v1",')).toMatchObject({
      type: 'object',
      value: { custom_id: 'a', url: '/v1' },
      isTooDeep: true,
    })
    expect(deep('')).toMatchObject({ value: {}, isTooDeep: true })
    expect(decode(`{"custom_id":"a","deep":${opening}`)).toEqual({
      type: 'unreadable',
      reason: 'the line ends in the middle',
    })
  })

  test.each([
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'not valid UTF-8'],
    ['a cut line', '{"custom_id":"a","resp', 'the line ends in the middle'],
    ['a line cut behind an escaped quote', '{"custom_id":"a\\"', 'the line ends in the middle'],
    ['a line cut between brackets', '{"a":[1,2', 'the line ends in the middle'],
    ['our side of a conflict', '<<<<<<< HEAD', 'a version-control conflict marker, not JSON'],
    ['the middle of a conflict', '=======', 'a version-control conflict marker, not JSON'],
    ['their side of a conflict', '>>>>>>> branch', 'a version-control conflict marker, not JSON'],
    ['NUL bytes', '{"a":"\0\0\0"}', 'contains NUL bytes, so a write to the disk was lost'],
    [
      'a lone CR inside a string',
      '{"a":"\r"}',
      'not valid JSON; it looks like JSON with a bare line break or tab inside a text',
      6,
    ],
    ['two objects', '{"a":1}{"b":2}', 'not valid JSON; it looks like several JSON objects on one line', 8],
    ['UTF-16', Buffer.from('\uFEFF{"a":1}', 'utf16le'), 'not valid UTF-8; it looks like UTF-16 text'],
    [
      'UTF-16 without its mark',
      Buffer.from('{"a":1}', 'utf16le'),
      'not valid JSON; it looks like UTF-16 text',
    ],
    ['a fault that has no name', '{"a" "b"}', 'not valid JSON', 6],
    ['words', 'hello', 'not valid JSON', undefined],
    ['an array', '[1]', 'an array; expected an object'],
    ['a number', '7', 'a number; expected an object'],
    ['a string', '"x"', 'a string; expected an object'],
    ['null', 'null', 'null; expected an object'],
  ])('says what is wrong with %s', (_name, content, reason, column?: number) => {
    expect(decode(content)).toEqual({ type: 'unreadable', reason, column })
  })
})

const idOf = (content: string): ReturnType<typeof requestIdOf> => {
  const decoded = decode(content)
  if (decoded.type !== 'object') throw new Error(decoded.reason)
  return requestIdOf(decoded.value)
}

describe('the custom_id of a line', () => {
  test.each([
    ['plain', '{"custom_id":"a"}', 'a'],
    ['escaped in its value', String.raw`{"custom_id":"\u0061"}`, 'a'],
    ['escaped in its key', String.raw`{"custom\u005fid":"a"}`, 'a'],
    ['beside a nested one that comes first', '{"body":{"custom_id":"nested"},"custom_id":"top"}', 'top'],
    [
      'beside the same words inside a string',
      String.raw`{"body":"\"custom_id\":\"x\"","custom_id":"top"}`,
      'top',
    ],
    ['with spaces kept', '{"custom_id":" a "}', ' a '],
  ])('is found %s', (_name, content, id) => {
    expect(idOf(content)).toEqual({ type: 'id', id })
  })

  test.each([
    ['{}', 'has no custom_id; every line needs one'],
    ['{"body":{"custom_id":"nested"}}', 'has no custom_id; every line needs one'],
    ['{"custom_id":7}', 'custom_id is a number; expected a string'],
    ['{"custom_id":null}', 'custom_id is null; expected a string'],
    ['{"custom_id":["a"]}', 'custom_id is an array; expected a string'],
    ['{"custom_id":{"a":1}}', 'custom_id is an object; expected a string'],
    ['{"custom_id":true}', 'custom_id is a boolean; expected a string'],
    ['{"custom_id":""}', 'custom_id is empty'],
    [`{"custom_id":"${'x'.repeat(32_768)}"}`, 'custom_id is longer than 32767 characters'],
  ])('of %s is refused', (content, reason) => {
    expect(idOf(content)).toEqual({ type: 'unreadable', reason })
  })
})
