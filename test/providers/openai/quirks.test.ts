import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { openAiBatchProvider } from '../../../src/providers/openai/provider.js'
import { quirksOf } from '../../../src/providers/openai/quirks.js'
import { rejection } from './support.js'

const providerAt = (baseURL: string, settings = {}) =>
  openAiBatchProvider({ client: new OpenAI({ apiKey: 'test', baseURL }), ...settings })

describe('the table of servers', () => {
  test.each([
    ['https://api.openai.com/v1', 'openai', 50_000, 200_000_000, '24h'],
    ['https://eu.api.openai.com/v1', 'openai', 50_000, 200_000_000, '24h'],
    ['https://mine.openai.azure.com/openai/v1/', 'azure', 100_000, 200_000_000, '24h'],
    ['https://api.groq.com/openai/v1', 'groq', 50_000, 100_000_000, '24h'],
    ['https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'dashscope', 50_000, 500_000_000, '24h'],
    ['https://api.novita.ai/openai/v1', 'novita', 50_000, 200_000_000, '48h'],
    ['https://api.doubleword.ai/v1', 'doubleword', 50_000, 200_000_000, '24h'],
    ['http://127.0.0.1:8000/v1', 'openai-compatible', 50_000, 200_000_000, '24h'],
    ['https://api.openai.com.example.org/v1', 'openai-compatible', 50_000, 200_000_000, '24h'],
  ])('%s is %s', (baseURL, name, maxRequests, maxInputBytes, window) => {
    const quirks = providerAt(baseURL).quirks
    expect(quirks).toMatchObject({ name, maxRequests, maxInputBytes })
    expect(quirks.completionWindows[0]).toBe(window)
  })

  test.each([
    ['https://api.together.xyz/v1', 'together'],
    ['https://api.mistral.ai/v1', 'mistral'],
    ['https://generativelanguage.googleapis.com/v1beta/openai/', 'gemini'],
  ])('%s is refused before anything is sent, with the reason', async (baseURL, name) => {
    const error = await rejection(Promise.resolve().then(() => providerAt(baseURL)))
    expect(error.code).toBe('ServerNotSupported')
    expect(error.problem.needsPerson).toBe(true)
    expect(error.message).toContain(name)
    expect(error.message).toContain(quirksOf(baseURL).unsupportedReason)
  })

  test('a user may correct the row, even of a server that is refused', () => {
    const quirks = { maxRequests: 10, unsupportedReason: null }
    expect(providerAt('https://api.together.xyz/v1', { quirks }).quirks.maxRequests).toBe(10)
  })

  test('Azure is asked once a minute at most', () => {
    expect(quirksOf('https://mine.openai.azure.com/openai/v1/').minPollDelayMs).toBe(60_000)
  })
})
