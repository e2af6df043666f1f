import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  readContent,
  type ContentReading,
  type ExpectedContentType,
} from '../../../src/accounting/rows/content.js'
import { maxNesting } from '../../../src/workspace/nesting.js'
import { jsonFence, unwrapFence } from '../../../src/accounting/rows/fence.js'
import { maxRepairCharacters } from '../../../src/accounting/rows/repair-json.js'
import type { ContentSchema } from '../../../src/accounting/rows/schema.js'

const read = (
  text: string,
  contentType: ExpectedContentType,
  schema?: ContentSchema,
): Promise<ContentReading> => readContent(text, { contentType, schema, repairJson: true })
const codeOf = (reading: ContentReading): string =>
  reading.type === 'rejected' ? reading.error.code : 'accepted'

describe('unwrapFence', () => {
  test.each([
    ['a fenced block', '```json\n{"a":1}\n```', '{"a":1}'],
    ['white space around it', '  \n```json\n{"a":1}\n```\n  ', '{"a":1}'],
    ['text without a fence, trimmed', '  {"a":1}  ', '{"a":1}'],
    ['a block that is never closed', '```json\n{"a":1}', '{"a":1}'],
    ['blank lines inside', '```json\n\n\n{"a":1}\n\n```', '{"a":1}'],
    ['nothing but blanks', ' \n ', ''],
    ['an empty block', '```json```', ''],
    ['CRLF', '```json\r\n{"a":1}\r\n```\r\n', '{"a":1}'],
    ['spaces after the marker', '```json   \n{"a":1}\n```', '{"a":1}'],
    ['other text inside', '```json\nnot json\n```', 'not json'],
    ['fences inside: the last one closes', '```json\n"```"\n```', '"```"'],
    ['prose before the fence, left alone', 'Here: ```json\n1\n```', 'Here: ```json\n1\n```'],
    ['a fence of another language, left alone', '```\n1\n```', '```\n1\n```'],
  ])('%s', (_, text, inside) => {
    expect(unwrapFence(text, jsonFence)).toBe(inside)
  })

  test('gives back whatever JSON was wrapped', () => {
    const blanks = fc.constantFrom('', ' ', '\n', '\r\n', '\n\n')
    fc.assert(
      fc.property(fc.json(), blanks, blanks, fc.boolean(), (json, before, after, isClosed) => {
        fc.pre(isClosed || !json.includes('```'))
        const text = `${before}\`\`\`json\n${json}${after}${isClosed ? '\n```' : ''}${before}`
        expect(unwrapFence(text, jsonFence)).toBe(json.trim())
      }),
    )
  })
})

describe('readContent of json', () => {
  test('reads JSON as it is and does not call it repaired', async () => {
    expect(await read('{"a":[1]}', 'json')).toEqual({
      type: 'accepted',
      content: { a: [1] },
      json: '{"a":[1]}',
      isRepaired: false,
      isTransformed: false,
      hasInexactNumbers: false,
    })
  })

  test('never changes JSON that parses, fenced or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.boolean(), async (value, isFenced) => {
        const json = JSON.stringify(value)
        const text = isFenced ? `\`\`\`json\n${json}\n\`\`\`` : json
        expect(await read(text, 'json')).toMatchObject({
          type: 'accepted',
          content: JSON.parse(json),
          json,
          isRepaired: false,
        })
      }),
    )
  })

  test.each([
    ['a trailing comma', '{"a":[1,],}', { a: [1] }],
    ['single quotes', "{'a':1}", { a: 1 }],
    ['a missing bracket', '[1,2', [1, 2]],
    ['a fence of another language', '```\n{a:1}\n```', { a: 1 }],
  ])('mends %s and says so', async (_, text, content) => {
    expect(await read(text, 'json')).toMatchObject({ type: 'accepted', content, isRepaired: true })
  })

  test('mends nothing when repair is off', async () => {
    expect(codeOf(await readContent('{"a":1,}', { contentType: 'json', repairJson: false }))).toBe('not_json')
  })

  test.each([
    ['prose', 'Sorry, I cannot do that.'],
    ['two objects where one was expected', '{"a":1}\n{"b":2}'],
    ['an object and more', '{"a":1} hope this helps'],
  ])('rejects %s instead of making something of it', async (_, text) => {
    expect(codeOf(await read(text, 'json'))).toBe('not_json')
  })

  test.each([
    ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
    ['a list that is cut', '['.repeat(200_000)],
    ['one level more than is read', '['.repeat(maxNesting + 1) + ']'.repeat(maxNesting + 1)],
  ])('rejects what is nested too deep: %s', async (_, text) => {
    for (const contentType of ['json', 'json-lines'] as const)
      expect(codeOf(await read(text, contentType))).toBe('nested_too_deep')
    expect(codeOf(await read(text, 'text'))).toBe('accepted')
  })

  test('reads what is nested as deep as allowed, also with a schema', async () => {
    const text = '['.repeat(maxNesting) + ']'.repeat(maxNesting)
    expect(await read(text, 'json', z.unknown())).toMatchObject({ json: text, isTransformed: false })
    expect(codeOf(await read(JSON.stringify('['.repeat(100_000)), 'json'))).toBe('accepted')
  })

  test('mends no text above a length, and says so', async () => {
    const text = `["${'x'.repeat(maxRepairCharacters)}",]`
    expect(await read(text, 'json')).toMatchObject({
      error: { code: 'not_json', message: expect.stringContaining('above 131,072 characters') },
    })
  })

  test('rejects an answer that a schema runs out of stack on', async () => {
    const endless = (depth: number): number => 1 + endless(depth + 1)
    const overflowing = z.unknown().refine(() => endless(0) > 0)
    expect(codeOf(await read('1', 'json', overflowing))).toBe('schema_overflow')
    const own: ContentSchema = { safeParse: () => ({ success: endless(0) > 0, data: 1 }) as never }
    expect(codeOf(await read('1', 'json', own))).toBe('schema_overflow')
  })

  test('rejects an answer of which the schema makes something nested too deep', async () => {
    const deep: unknown = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000))
    const deepening = z.unknown().transform(() => deep)
    expect(codeOf(await read('1', 'json', deepening))).toBe('nested_too_deep')
  })

  test('throws when the schema makes what JSON cannot hold, and says what it must not be', async () => {
    await expect(read('1', 'json', z.number().transform(BigInt))).rejects.toThrow('no bigint, no cycles')
  })

  test('rejects an empty answer', async () => {
    for (const text of ['', '  \n', '```json\n```'])
      expect(codeOf(await read(text, 'json'))).toBe('empty_text')
  })

  test('gives what the schema makes of it, and its reasons when it turns it down', async () => {
    const schema = z.object({ n: z.string().transform(Number), deep: z.object({ x: z.number() }).optional() })
    expect(await read('{"n":"7"}', 'json', schema)).toMatchObject({ content: { n: 7 } })
    const turnedDown = await read('{"n":"7","deep":{"x":"1"}}', 'json', schema)
    expect(turnedDown).toMatchObject({ type: 'rejected', error: { code: 'schema_rejected' } })
    expect(turnedDown.type === 'rejected' && turnedDown.error.message).toMatch(/^deep\.x: /)
  })

  test('waits for schemas that answer later, and takes any object with safeParse', async () => {
    const later = z.number().refine(async (value) => value > 1)
    expect(codeOf(await read('1', 'json', later))).toBe('schema_rejected')
    expect(codeOf(await read('2', 'json', later))).toBe('accepted')
    const own: ContentSchema = { safeParse: () => ({ success: false, error: new Error('not today') }) }
    expect(await read('1', 'json', own)).toMatchObject({ error: { message: 'not today' } })
  })

  test('lets the error of a schema that throws reach the caller', async () => {
    const broken = z.unknown().transform(() => {
      throw new Error('bug in the schema')
    })
    await expect(read('1', 'json', broken)).rejects.toThrow('bug in the schema')
  })
})

describe('readContent of json-lines and text', () => {
  test('reads each line that is not blank, through the schema', async () => {
    const schema = z.object({ a: z.number() })
    expect(await read('{"a":1}\r\n\n{"a":2}\n', 'json-lines', schema)).toMatchObject({
      type: 'accepted',
      content: [{ a: 1 }, { a: 2 }],
      json: '[{"a":1},{"a":2}]',
      isRepaired: false,
    })
  })

  test.each(['```jsonl\n{"a":1}\n{"a":2}\n```', '```json\n{"a":1}\n{"a":2}\n```'])(
    'unwraps %j',
    async (text) => {
      expect(await read(text, 'json-lines')).toMatchObject({ content: [{ a: 1 }, { a: 2 }] })
    },
  )

  test('says which line is wrong', async () => {
    expect(await read('1\nnope\n', 'json-lines')).toMatchObject({
      error: { code: 'not_json', message: expect.stringMatching(/^Line 2 /) },
    })
    expect(codeOf(await read('\n', 'json-lines'))).toBe('empty_text')
  })

  test('marks lines that were mended', async () => {
    expect(await read('1\n{a:1}', 'json-lines')).toMatchObject({ content: [1, { a: 1 }], isRepaired: true })
  })

  test('gives text as it is, judged by the schema', async () => {
    expect(await read(' ```json\n1\n``` ', 'text')).toMatchObject({ content: ' ```json\n1\n``` ' })
    expect(codeOf(await read('', 'text', z.string().min(1)))).toBe('schema_rejected')
  })
})
