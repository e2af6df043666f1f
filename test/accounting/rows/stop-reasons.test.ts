import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chat } from './lines.js'
import { judgedBody, wordsOf } from './promised.js'

const url = '/v1/chat/completions'
const judged = (reason: unknown, text = 'hi'): string =>
  wordsOf(judgedBody(url, {}, { choices: [{ message: { content: text }, finish_reason: reason }] }))

const good = [
  'stop',
  'STOP',
  'Stop',
  'end_turn',
  'stop_sequence',
  'eos',
  'eos_token',
  'normal',
  'COMPLETE',
  'FINISH_REASON_STOP',
  'FinishReason.STOP',
]
const cut = [
  'length',
  'LENGTH',
  'max_tokens',
  'MAX_TOKENS',
  'maxTokens',
  'max-tokens',
  'model_length',
  'max_output',
  'max_output_tokens',
  'model_context_window_exceeded',
  'FinishReason.MAX_TOKENS',
  'length: stop',
]
const filtered = [
  'content_filter',
  'ContentFilter',
  'sensitive',
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'content_filter: SAFETY',
  'guardrail_intervened',
  'ERROR_TOXIC',
]
const broken = [
  'network_error',
  'insufficient_system_resource',
  'abort',
  'error',
  'repetition',
  'pause_turn',
  'MALFORMED_FUNCTION_CALL',
  'OTHER',
  'cancelled',
  'canceled',
  'aborted',
  'TIMEOUT',
]
const unknown = [
  'gremlins',
  'stop: length',
  'STOP:SAFETY',
  'tool_calls: none',
  'stopped',
  'load',
  'FINISH_REASON_UNSPECIFIED',
  7,
  { type: 'stop' },
  ['stop'],
]
const missing = [null, undefined, '', 'null', 'None']

const isGood = (word: string): boolean =>
  /^(finish_?reason[_.])?(stop|end_turn|stop_sequence|eos|eos_token|normal|complete|reason_stop)$/i.test(
    word.trim(),
  )

describe('why a model stopped', () => {
  test.each(good)('%s is good', (reason) => expect(judged(reason)).toBe('success'))
  test.each(cut)('%s is cut', (reason) => expect(judged(reason)).toBe('semantic truncated'))
  test.each(filtered)('%s is filtered', (reason) => expect(judged(reason)).toBe('semantic content_filter'))
  test.each(broken)('%s is not whole', (reason) => expect(judged(reason)).toBe('semantic incomplete'))
  test.each(unknown)('%j proves nothing', (reason) =>
    expect(judged(reason)).toBe('unproven unknown_stop_reason'),
  )
  test.each(missing)('%s is missing', (reason) => expect(judged(reason)).toBe('unproven missing_stop_reason'))

  test('refusal is a refusal', () => expect(judged('refusal')).toBe('semantic refusal'))

  test('a good reason with nothing said is an empty answer, an unknown one too', () => {
    expect([judged('stop', ''), judged('gremlins', '')]).toEqual([
      'semantic empty_answer',
      'semantic empty_answer',
    ])
  })

  test('the older completions cannot stop for a tool', () => {
    const body = { choices: [{ text: 'a', finish_reason: 'tool_calls' }] }
    expect(wordsOf(judgedBody('/v1/completions', { prompt: 'a' }, body))).toBe('unproven unknown_stop_reason')
  })

  test('a cut choice outweighs an unproven one', () => {
    const choices = [{ message: { content: 'a' } }, { message: { content: 'b' }, finish_reason: 'length' }]
    expect(wordsOf(judgedBody(url, { n: 2 }, { choices }))).toBe('semantic truncated')
  })

  test('an unproven answer keeps its content and may be sent again by policy', () => {
    const { answer, mayRetry, error } = judgedBody(url, {}, chat({ content: 'hi' }, 'gremlins'))
    expect([answer?.content, mayRetry]).toEqual(['hi', 'by-policy'])
    expect(error?.message).toContain('"gremlins"')
  })

  test('no word but the good ones makes a success', () => {
    fc.assert(
      fc.property(fc.string(), (word) => {
        fc.pre(!isGood(word))
        expect(judged(word)).not.toBe('success')
      }),
    )
  })
})
