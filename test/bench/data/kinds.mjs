// The kinds of triple that are measured: what their requests and answers look like.
import { createRandom } from './random.mjs'
import { asciiOnly, textPool } from './texts.mjs'

/**
 * @typedef {object} Kind
 * @property {boolean} [isOdd] no batch looks so: measured with `--full`, or by name
 * @property {string} url endpoint of the requests
 * @property {number} answerBytes length of an output line, on average
 * @property {(at: number) => string} idOf the `custom_id`, not yet JSON
 * @property {(id: string) => string} inAnswer the id as JSON, as the server writes it
 * @property {string} idKey the key of the id as JSON, as the server writes it
 * @property {boolean} isIdLast `custom_id` stands at the end of the line
 * @property {(random: object) => (string | Uint8Array)[]} request the members of the body of a request
 * @property {(at: number, random: object) => (string | Uint8Array)[]} answer the body of an answer
 */

const plainId = (at) => `request-${at}`
const usualKind = { idOf: plainId, inAnswer: JSON.stringify, idKey: '"custom_id"', isIdLast: false }

/** Made when first asked for: a pool takes memory and time. */
const once = (make) => {
  let made
  return () => (made ??= make())
}
export const texts = once(() => textPool())
const nestedTexts = once(() => textPool({ depth: 2 }))
const vectors = once(() => vectorPool(128))

const between = (random, least, most) => least + random.below(most - least)
const piece = (random, least, most) => texts().pieceOf(between(random, least, most), random.share())

function chatRequest(random) {
  return [
    '"model": "gpt-4o-mini", "max_completion_tokens": 800, "messages": [{"role": "system", "content": "Answer in short, and in the language of the question."}, {"role": "user", "content": "',
    piece(random, 300, 1500),
    '"}]',
  ]
}

function chatAnswer(at, random, text) {
  return [
    `{"id": "chatcmpl-${at}", "object": "chat.completion", "created": 1759276800, "model": "gpt-4o-mini-2024-07-18", "choices": [{"index": 0, "message": {"role": "assistant", "content": "`,
    ...text,
    `", "refusal": null, "annotations": []}, "logprobs": null, "finish_reason": "stop"}], "usage": {"prompt_tokens": ${random.below(900)}, "completion_tokens": ${random.below(900)}, "total_tokens": ${random.below(1800)}, "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}}, "service_tier": "default", "system_fingerprint": "fp_${at % 97}"}`,
  ]
}

const chat = {
  ...usualKind,
  url: '/v1/chat/completions',
  answerBytes: 2_680,
  request: chatRequest,
  answer: (at, random) => chatAnswer(at, random, [piece(random, 1_000, 3_000)]),
}

/** As little as a line can hold, for millions of ids. */
export const tiny = {
  ...usualKind,
  url: '/v1/chat/completions',
  answerBytes: 264,
  request: () => ['"model":"m","messages":[]'],
  answer: () => [
    '{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"y"},"finish_reason":"stop"}]}',
  ],
}

/** By name, in the order in which they are measured. */
export const kinds = {
  chat,
  'long chat': {
    ...chat,
    answerBytes: 20_640,
    answer: (at, random) => chatAnswer(at, random, [piece(random, 18_000, 22_000)]),
  },
  embeddings: {
    ...usualKind,
    url: '/v1/embeddings',
    answerBytes: 21_000,
    request: (random) => [
      '"model": "text-embedding-3-small", "encoding_format": "float", "input": "',
      piece(random, 300, 900),
      '"',
    ],
    answer: (_, random) => [
      '{"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [',
      vectors()[random.below(vectors().length)],
      `]}], "model": "text-embedding-3-small", "usage": {"prompt_tokens": ${random.below(300)}, "total_tokens": ${random.below(300)}}}`,
    ],
  },
  responses: {
    ...usualKind,
    url: '/v1/responses',
    answerBytes: 2_850,
    request: (random) => [
      '"model": "gpt-4o-mini", "instructions": "Answer in short.", "max_output_tokens": 800, "input": "',
      piece(random, 300, 1500),
      '"',
    ],
    answer: (at, random) => [
      `{"id": "resp_${at}", "object": "response", "created_at": 1759276800, "status": "completed", "background": false, "error": null, "incomplete_details": null, "instructions": "Answer in short.", "max_output_tokens": 800, "model": "gpt-4o-mini-2024-07-18", "output": [{"id": "msg_${at}", "type": "message", "status": "completed", "role": "assistant", "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": "`,
      piece(random, 1_000, 3_000),
      `"}]}], "parallel_tool_calls": true, "temperature": 1.0, "tool_choice": "auto", "tools": [], "usage": {"input_tokens": ${random.below(900)}, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": ${random.below(900)}, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": ${random.below(1800)}}, "user": null, "metadata": {}}`,
    ],
  },
  'custom_id last': { ...chat, isIdLast: true },
  'non-ASCII ids': {
    ...chat,
    answerBytes: 2_720,
    idOf: (at) => `größe/東京-${at}-🙂 "zitat"`,
    inAnswer: (id) => asciiOnly(JSON.stringify(id)),
  },
  'short lines': { ...tiny, isOdd: true },
  '5 MB lines': {
    ...chat,
    isOdd: true,
    answerBytes: 5_000_000,
    answer: (at, random) =>
      chatAnswer(
        at,
        random,
        Array.from({ length: 5 }, () => piece(random, 999_000, 1_000_000)),
      ),
  },
  'escapes in keys': { ...chat, isOdd: true, idKey: String.raw`"custom\u005fid"` },
  'ids of 512 bytes': {
    ...chat,
    isOdd: true,
    answerBytes: 3_530,
    idOf: (at) => `${'x\\"/é'.repeat(63)}${String(at).padStart(134, '0')}`,
    inAnswer: (id) => asciiOnly(JSON.stringify(id)),
  },
}

/** Answers that are JSON themselves, for a schema; see contenders/processor.mjs. */
export const jsonChat = {
  ...chat,
  answerBytes: 2_815,
  answer: (at, random) =>
    chatAnswer(at, random, [
      String.raw`{\"name\": \"ticket ${at}\", \"category\": \"${categories[random.below(categories.length)]}\", \"urgency\": ${1 + random.below(5)}, \"tags\": [\"late\", \"paid\", \"de\"], \"summary\": \"`,
      nestedTexts().pieceOf(between(random, 1_000, 3_000), random.share()),
      String.raw`\"}`,
    ]),
}
const categories = ['delivery', 'billing', 'repair', 'account', 'returns']

/** Vectors of 1,536 numbers, as text. */
function vectorPool(count) {
  const random = createRandom(1536)
  return Array.from({ length: count }, () => {
    const numbers = Array.from({ length: 1536 }, () => ((random.share() - 0.5) / 5).toFixed(9))
    return Buffer.from(numbers.join(', '))
  })
}
