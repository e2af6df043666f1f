import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, test } from 'vitest'
import { estimateBatches, type EstimateInquiry } from '../../../src/providers/estimate/estimate-batches.js'
import { openAiQuirks } from '../../../src/providers/openai/quirks.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import { jsonl } from '../../engine/lines.js'
import { randomFrom } from '../../random-from.js'
import { withDirectory } from '../../workspace/support.js'

type Body = Readonly<Record<string, unknown>>

const line = (id: number, text: string, body: Body = {}): string =>
  JSON.stringify({
    custom_id: `r${id}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: text }], ...body },
  })

const estimate = (lines: readonly string[], options: Partial<EstimateInquiry> = {}) =>
  withDirectory((root) => {
    const path = join(root, 'requests.jsonl')
    writeFileSync(path, jsonl(...lines))
    return estimateBatches({ fs: nodeFileSystem, limits: openAiQuirks, ...options }, path)
  })

describe('the batches of a file', () => {
  test('have the tokens of their texts, and the most that is named', async () => {
    const lines = [
      line(1, 'hello world', { max_tokens: 70 }),
      line(2, 'hello world', { n: 2, max_tokens: 10 }),
    ]
    const { batches, invalid } = await estimate(lines)
    expect(invalid).toBe(0)
    expect(batches).toEqual([
      {
        path: expect.stringMatching(/requests\.jsonl$/) as string,
        model: 'gpt-4o-mini',
        endpoint: '/v1/chat/completions',
        requests: 2,
        bytes: jsonl(...lines).length,
        input: { tokens: 2 * (2 + 4 + 3), error: 0 },
        counted: 2,
        encoding: 'o200k_base',
        isOwn: true,
        output: { most: 90, unbounded: 0 },
        uncounted: {},
      },
    ])
  })

  test('are split as a submission splits them, and leave out what is not wanted', async () => {
    const lines = [
      line(1, 'a'),
      line(2, 'b', { model: 'mistral-large' }),
      line(3, 'c'),
      line(4, 'd'),
      'no JSON',
    ]
    const { batches, invalid } = await estimate(lines, {
      limits: { ...openAiQuirks, maxRequests: 1 },
      isWanted: (request) => request !== 2,
    })
    expect(batches.map(({ model, requests, isOwn }) => [model, requests, isOwn])).toEqual([
      ['gpt-4o-mini', 1, true],
      ['mistral-large', 1, false],
      ['gpt-4o-mini', 1, true],
    ])
    expect(invalid).toBe(1)
  })

  test('name what is not counted, and how many requests name no most', async () => {
    const content = [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }]
    const { batches } = await estimate([
      line(1, '', { messages: [{ role: 'user', content }] }),
      line(2, 'a', { tools: [{ type: 'function', function: { name: 'f' } }] }),
      line(3, 'a', { max_tokens: 5, tools: [{ type: 'function', function: { name: 'f' } }] }),
    ])
    expect(batches).toMatchObject([
      { output: { most: 5, unbounded: 2 }, uncounted: { pictures: 1, tools: 2 } },
    ])
  })

  test('of a large file are sampled, alike each time, and within the error that is told', async () => {
    const random = randomFrom(11)
    const words = ['the', 'quick', 'Donaudampfschiff', 'été', '12345', '的', 'fox', '{"a":1}']
    const texts = Array.from({ length: 4_000 }, () =>
      Array.from(
        { length: 1 + Math.floor(random() * 60) },
        () => words[Math.floor(random() * words.length)],
      ).join(' '),
    )
    const lines = texts.map((text, at) => line(at, text))
    const real = texts.reduce((sum, text) => sum + countTokens(text) + 4 + 3, 0)
    const mostCountedBytes = jsonl(...lines).length / 10
    const { batches } = await estimate(lines, { mostCountedBytes })
    const [{ input, counted } = { input: { tokens: 0, error: 0 }, counted: 0 }] = batches
    expect(counted).toBeGreaterThan(400)
    expect(counted).toBeLessThan(600)
    expect(input.error).toBeGreaterThan(0)
    expect(input.error).toBeLessThan(real * 0.03)
    expect(Math.abs(input.tokens - real)).toBeLessThanOrEqual(input.error)
    expect((await estimate(lines, { mostCountedBytes })).batches).toMatchObject([{ input, counted }])
  })
})
