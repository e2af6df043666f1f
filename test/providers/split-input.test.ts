import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openAiQuirks } from '../../src/providers/openai/quirks.js'
import { readPart, type InputLimits } from '../../src/providers/split-input.js'
import { validateRequestsFile } from '../../src/providers/validate-input.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { chatInput, chatLine, rejection, withFile } from './openai/support.js'

/** Splits the text and gives each part with its bytes as text. */
const split = (text: string, limits: Partial<InputLimits> = {}) =>
  withFile(text, async (path) => {
    const { parts } = await validateRequestsFile(nodeFileSystem, path, { ...openAiQuirks, ...limits })
    return Promise.all(
      parts.map(async (part) => ({ part, text: await textOf(readPart(nodeFileSystem, path, part)) })),
    )
  })

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

const idsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)

const embeddings = (id: string, count: number) => {
  const body = { model: 'e', input: Array(count).fill('x') }
  return `${JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/embeddings', body })}\n`
}

describe('splitting a requests file', () => {
  test('leaves a file that fits as it is, byte for byte, in one range', async () => {
    const [only, ...others] = await split(chatInput(40))
    expect(only?.text).toBe(chatInput(40))
    expect(only?.part.ranges).toHaveLength(1)
    expect(others).toEqual([])
  })

  test('ends every part with a line break and leaves out the byte order mark and blank lines', async () => {
    const [only] = await split(`\uFEFF${chatLine('a')}\n\n\r\n${chatLine('b')}`)
    expect(only?.text).toBe(`${chatLine('a')}\n${chatLine('b')}\n`)
    expect(only?.part.bytes).toBe(only?.text.length)
  })

  test('cuts by requests, in order', async () => {
    const parts = await split(chatInput(25), { maxRequests: 10 })
    expect(parts.map(({ part }) => [part.requestCount, part.firstLine])).toEqual([
      [10, 1],
      [10, 11],
      [5, 21],
    ])
    expect(parts.map(({ text }) => text).join('')).toBe(chatInput(25))
  })

  test('fills a part to the last byte and not beyond', async () => {
    const line = `${chatLine('a')}\n`
    const text = ['a', 'b', 'c'].map((id) => `${chatLine(id)}\n`).join('')
    expect(await split(text, { maxInputBytes: line.length * 2 })).toHaveLength(2)
    expect(await split(text, { maxInputBytes: line.length * 2 - 1 })).toHaveLength(3)
  })

  test('keeps models and urls apart, even where they alternate, and orders parts by their first lines', async () => {
    const models = ['m1', 'm2', 'm1', 'm2', 'm1']
    const text = models.map((model, index) => `${chatLine(`r${index}`, { model })}\n`).join('')
    const parts = await split(text, { maxRequests: 2 })
    expect(parts.map(({ part, text: content }) => [part.model, idsOf(content)])).toEqual([
      ['m1', ['r0', 'r2']],
      ['m2', ['r1', 'r3']],
      ['m1', ['r4']],
    ])
  })

  test('counts the inputs of embeddings', async () => {
    const parts = await split(embeddings('a', 2) + embeddings('b', 2) + embeddings('c', 1), {
      maxEmbeddingInputs: 3,
    })
    expect(parts.map(({ part }) => part.embeddingInputs)).toEqual([2, 3])
  })

  test('loses, repeats and changes no line, whatever the lines and limits', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            model: fc.constantFrom('m1', 'm2', 'm3'),
            text: fc.string({ unit: 'grapheme', maxLength: 40 }),
            ending: fc.constantFrom('\n', '\r\n', '\n\n', '\n  \n', '\r\n\r\n'),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 400, max: 2_000 }),
        async (rows, maxRequests, maxInputBytes) => {
          const lines = rows.map(({ model, text }, index) => chatLine(`${index}-${text}`, { model }))
          const file = lines.map((line, index) => line + (rows[index]?.ending ?? '')).join('')
          const parts = await split(file, { maxRequests, maxInputBytes })
          const dealt = parts.flatMap(({ text }) => text.split(/\r?\n/).filter((line) => line !== ''))
          expect(dealt.toSorted()).toEqual(lines.toSorted())
          for (const { part, text } of parts) {
            expect(Buffer.byteLength(text)).toBe(part.bytes)
            expect(part.bytes).toBeLessThanOrEqual(maxInputBytes)
            expect(part.requestCount).toBeLessThanOrEqual(maxRequests)
            expect(text).not.toMatch(/\n[ \r]*\n/)
          }
        },
      ),
      { numRuns: 60 },
    ))

  test('notices a file that became shorter after it was planned', () =>
    withFile(chatInput(10), async (path) => {
      const { parts } = await validateRequestsFile(nodeFileSystem, path, openAiQuirks)
      const [part] = parts
      if (part === undefined) throw new Error('no part')
      const longer = { ...part, ranges: [{ start: 0, end: 1_000_000 }] }
      const error = await rejection(textOf(readPart(nodeFileSystem, path, longer)))
      expect(error.code).toBe('FileChangedDuringRun')
    }))
})
