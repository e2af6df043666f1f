import { pick, type Random } from '../accounting/scan/random-rows.js'

const chance = (random: Random, one: number): boolean => random(one) === 0

/** A character of a JSON string, as it may be written: the text between the quotes. */
const writtenCharacters: readonly string[] = [
  'a',
  'b',
  'Z',
  '0',
  ' ',
  '~',
  '/',
  "'",
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '<',
  '\u007f',
  '-',
  'é',
  'ß',
  '\u0085',
  '\u00a0',
  '€',
  '漢',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\uffff',
  '\ue000',
  '😀',
  '𝒳',
  '\u{10ffff}',
  '\\"',
  '\\\\',
  '\\/',
  '\\b',
  '\\f',
  '\\n',
  '\\r',
  '\\t',
  '\\u0000',
  '\\u001F',
  '\\u0008',
  '\\u000a',
  '\\u000A',
  '\\u0022',
  '\\u005c',
  '\\u005C',
  '\\u002f',
  '\\u0041',
  '\\u007F',
  '\\u00e9',
  '\\u00E9',
  '\\u07ff',
  '\\u0800',
  '\\u2028',
  '\\uffff',
  '\\uFEFF',
  '\\ud83d\\ude00',
  '\\uD83D\\uDE00',
  // Halves of pairs, and halves that are no pair.
  '\\ud83d',
  '\\uDE00',
  '\\ud83d\\\\ude00',
  '\\ud83dx',
  '\\ude00\\ud83d',
  '\\uD83D\\u0041',
  '\\ud83d\\n',
]

/** What a model says: nothing strange, a few strange things, or many. */
function writtenText(random: Random): string {
  const strange = pick(random, [0, 0, 3, 20])
  const length = pick(random, [0, 1, 5, 17, 40, 300])
  let text = ''
  for (let at = 0; at < length; at += 1)
    text +=
      strange > 0 && chance(random, strange === 20 ? 20 : 3)
        ? pick(random, writtenCharacters)
        : pick(random, ['a', 'e', ' ', 'n', 's', '.'])
  return `"${text}"`
}

const oddNumbers = [
  '0',
  '7',
  '12',
  '1.0',
  '1E5',
  '-0',
  '9007199254740993',
  '1e400',
  '-1.50',
  '0.1e-7',
  '1E+2',
  '123456789012345678901234567890',
]
const number = (random: Random): string => pick(random, oddNumbers)

/** A row's parts as text, joined in the style of one server. */
interface Style {
  readonly colon: string
  readonly comma: string
  readonly open: string
  readonly close: string
  readonly lineEnd: string
}

const styles: readonly Style[] = [
  { colon: ':', comma: ',', open: '', close: '', lineEnd: '\n' },
  { colon: ':', comma: ',', open: '', close: '', lineEnd: '\n' },
  { colon: ': ', comma: ', ', open: '', close: '', lineEnd: '\n' },
  { colon: ' : ', comma: ' ,\t', open: ' ', close: '\t', lineEnd: '\r\n' },
  { colon: ':', comma: ',', open: ' \r', close: ' ', lineEnd: ' \n' },
]

type Member = readonly [name: string, text: string]

const objectOf = ({ colon, comma, open, close }: Style, members: readonly Member[]): string =>
  `{${open}${members.map(([name, text]) => `"${name}"${colon}${text}`).join(comma)}${close}}`
const listOf = ({ comma, open, close }: Style, items: readonly string[]): string =>
  `[${open}${items.join(comma)}${close}]`

function shuffled<T>(random: Random, values: readonly T[]): T[] {
  const list = [...values]
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = random(at + 1)
    const [one, two] = [list[at], list[other]]
    if (one !== undefined && two !== undefined) [list[at], list[other]] = [two, one]
  }
  return list
}

function usageOf(random: Random, style: Style): string {
  if (chance(random, 8)) return 'null'
  const details = objectOf(style, [
    ['cached', number(random)],
    [pick(random, ['x', 'x', 'y\\u0041', 'é']), writtenText(random)],
  ])
  const members: Member[] = [
    ['prompt_tokens', number(random)],
    ['completion_tokens', number(random)],
    ['total_tokens', '9'],
  ]
  if (chance(random, 2)) members.push(['details', details])
  if (chance(random, 6)) members.push(['total_tokens', number(random)])
  return objectOf(style, members)
}

/** How one server writes its answers: which fields, in which order, with which faults. */
interface Habit {
  readonly style: Style
  readonly bodyOf: (random: Random, style: Style, answers: number) => string
  readonly envelopeOf: (random: Random, style: Style, id: string, body: string, status: string) => string
}

function chatBody(random: Random, style: Style, answers: number): string {
  const choiceOf = (_: unknown, index: number): string => {
    const content = chance(random, 15)
      ? pick(random, ['null', '""', '["x"]', '[{"type":"text","text":"y"}]'])
      : writtenText(random)
    const message: Member[] = [
      ['role', '"assistant"'],
      ['content', content],
    ]
    if (chance(random, 3)) message.push(['refusal', 'null'])
    if (chance(random, 6)) message.push(['reasoning_content', writtenText(random)])
    if (chance(random, 12)) message.push(['content', writtenText(random)])
    if (chance(random, 12))
      message.push([
        'tool_calls',
        '[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\\"a\\":1.0}"}}]',
      ])
    return objectOf(style, [
      ['index', String(index)],
      ['message', objectOf(style, message)],
      ['logprobs', 'null'],
      [
        'finish_reason',
        pick(random, ['"stop"', '"stop"', '"stop"', '"stop"', '"length"', 'null', '"\\u0073top"']),
      ],
    ])
  }
  return objectOf(style, [
    ['id', writtenText(random)],
    ['object', '"chat.completion"'],
    ['created', number(random)],
    ['model', '"gpt-4o-mini"'],
    ['choices', listOf(style, Array.from({ length: answers }, choiceOf))],
    ['usage', usageOf(random, style)],
  ])
}

function embeddingBody(random: Random, style: Style, answers: number): string {
  const vectorOf = (_: unknown, index: number): string =>
    objectOf(style, [
      ['object', '"embedding"'],
      ['index', String(index)],
      [
        'embedding',
        chance(random, 4)
          ? '"AAAAAAAA"'
          : listOf(
              style,
              Array.from({ length: 1 + random(4) }, () => number(random)),
            ),
      ],
    ])
  return objectOf(style, [
    ['object', '"list"'],
    ['data', listOf(style, Array.from({ length: answers }, vectorOf))],
    ['model', '"text-embedding-3-small"'],
    ['usage', usageOf(random, style)],
  ])
}

function completionBody(random: Random, style: Style, answers: number): string {
  const choiceOf = (_: unknown, index: number): string =>
    objectOf(style, [
      ['text', writtenText(random)],
      ['index', String(index)],
      ['finish_reason', '"stop"'],
    ])
  return objectOf(style, [
    ['id', '"cmpl-1"'],
    ['object', '"text_completion"'],
    ['choices', listOf(style, Array.from({ length: answers }, choiceOf))],
    ['usage', usageOf(random, style)],
  ])
}

function responseBody(random: Random, style: Style): string {
  const part = objectOf(style, [
    ['type', '"output_text"'],
    ['text', writtenText(random)],
    ['annotations', '[]'],
  ])
  const parts = chance(random, 5) ? [part, part] : [part]
  const message = objectOf(style, [
    ['id', '"msg_1"'],
    ['type', '"message"'],
    ['status', '"completed"'],
    ['role', '"assistant"'],
    ['content', listOf(style, parts)],
  ])
  const items = chance(random, 3) ? ['{"id":"rs_1","type":"reasoning","summary":[]}', message] : [message]
  return objectOf(style, [
    ['id', '"resp_1"'],
    ['object', '"response"'],
    ['status', '"completed"'],
    ['error', 'null'],
    ['output', listOf(style, items)],
    ['usage', usageOf(random, style)],
  ])
}

function moderationBody(random: Random, style: Style): string {
  const result = objectOf(style, [
    ['flagged', pick(random, ['true', 'false'])],
    ['category_scores', objectOf(style, [['hate', number(random)]])],
  ])
  return objectOf(style, [
    ['id', '"modr-1"'],
    ['model', '"m"'],
    ['results', listOf(style, [result])],
  ])
}

function unknownBody(random: Random, style: Style): string {
  return objectOf(style, [
    ['whatever', listOf(style, ['1.0', pick(random, ['"é"', '"yes"']), objectOf(style, [['x', 'null']])])],
    ['id', writtenText(random)],
  ])
}

interface Endpoint {
  readonly url: string
  readonly bodyOf: Habit['bodyOf']
  /** The body of a request that asks for so many answers. */
  readonly requestBody: (answers: number) => string
}

const endpoints: readonly Endpoint[] = [
  {
    url: '/v1/chat/completions',
    bodyOf: chatBody,
    requestBody: (n) => `{"model":"m","messages":[{"role":"user","content":"x"}]${n > 1 ? `,"n":${n}` : ''}}`,
  },
  {
    url: '/v1/chat/completions',
    bodyOf: chatBody,
    requestBody: (n) => `{"model":"m","messages":[],"n":${n}}`,
  },
  {
    url: '/v1/embeddings',
    bodyOf: embeddingBody,
    requestBody: (n) => `{"model":"m","input":[${Array.from({ length: n }, () => '"x"').join()}]}`,
  },
  {
    url: '/v1/completions',
    bodyOf: completionBody,
    requestBody: (n) => `{"model":"m","prompt":"x"${n > 1 ? `,"n":${n}` : ''}}`,
  },
  { url: '/v1/responses', bodyOf: responseBody, requestBody: () => '{"model":"m","input":"x"}' },
  { url: '/v1/moderations', bodyOf: moderationBody, requestBody: () => '{"model":"m","input":"x"}' },
  { url: '/v1/unknown', bodyOf: unknownBody, requestBody: () => '{"a":[1,{"b":2}]}' },
]

const envelopes: readonly Habit['envelopeOf'][] = [
  (random, style, id, body, status) =>
    objectOf(style, [
      ['id', writtenText(random)],
      ['custom_id', id],
      [
        'response',
        objectOf(style, [
          ['status_code', status],
          ['request_id', writtenText(random)],
          ['body', body],
        ]),
      ],
      ['error', 'null'],
    ]),
  (random, style, id, body, status) =>
    objectOf(
      style,
      shuffled(random, [
        ['custom_id', id],
        [
          'response',
          objectOf(
            style,
            shuffled(random, [
              ['status_code', status],
              ['request_id', '"r"'],
              ['body', body],
            ]),
          ),
        ],
        ['error', chance(random, 9) ? '{}' : 'null'],
      ]),
    ),
  (_random, style, id, body, status) =>
    objectOf(style, [
      ['custom_id', id],
      ['status_code', status],
      ['body', body],
    ]),
  (random, style, id, body, status) =>
    objectOf(style, [
      ['custom_id', id],
      [
        'response',
        objectOf(style, [
          ['status_code', status],
          ['body', chance(random, 2) ? JSON.stringify(body) : body],
        ]),
      ],
    ]),
]

const failureBody = '{"error":{"message":"no \\u00e9","code":"server_error","type":"x","param":null}}'

/** The same id may be written in several ways. */
function writtenId(random: Random, id: string): string {
  const plain = JSON.stringify(id)
  if (!chance(random, 8)) return plain
  const [first = 'x'] = id
  return `"\\u${first.charCodeAt(0).toString(16).padStart(4, '0')}${plain.slice(2)}`
}

const idOf = (random: Random, at: number): string => {
  const name = pick(random, ['r', 'r', 'r', 'ünï-', '漢', 'q"', 'a\\', 'tab\t', 'e\u2028', 'request-'])
  return `${name}${at}${chance(random, 40) ? '\ud800' : ''}${chance(random, 40) ? 'x'.repeat(2_000) : ''}`
}

/** A triple of random answers of one endpoint or of several; each server keeps to its habits, more or less. */
export function randomTriple(random: Random): Record<string, string> {
  const style = pick(random, styles)
  const mine = chance(random, 4) ? endpoints : [pick(random, endpoints)]
  const envelopeOf = pick(random, envelopes)
  const count = pick(random, [1, 3, 8, 20, 20, 60])
  const input: string[] = []
  const output: string[] = []
  const error: string[] = []
  for (let at = 0; at < count; at += 1) {
    const endpoint = pick(random, mine)
    const answers = chance(random, 6) ? 2 : 1
    const id = idOf(random, at)
    input.push(
      objectOf(style, [
        ['custom_id', writtenId(random, id)],
        ['method', '"POST"'],
        ['url', `"${endpoint.url}"`],
        ['body', endpoint.requestBody(answers)],
      ]),
    )
    const habit = chance(random, 10) ? pick(random, styles) : style
    const rowOf = (): string =>
      chance(random, 12)
        ? envelopeOf(random, habit, writtenId(random, id), failureBody, pick(random, ['500', '400', '429']))
        : envelopeOf(
            random,
            habit,
            writtenId(random, id),
            endpoint.bodyOf(random, habit, answers),
            pick(random, ['200', '200', '200', '200', '200', '"200"']),
          )
    if (chance(random, 60)) continue
    const file = chance(random, 12) ? error : output
    const row = rowOf()
    file.push(row)
    if (chance(random, 40)) pick(random, [output, error]).push(chance(random, 2) ? row : rowOf())
  }
  const fileOf = (lines: readonly string[]): string => {
    const text = lines.map((line) => line + (chance(random, 200) ? '\n\n' : style.lineEnd)).join('')
    const isCut = chance(random, 10) && text.endsWith('\n')
    return `${chance(random, 25) ? '\ufeff' : ''}${isCut ? text.slice(0, -1) : text}`
  }
  return {
    'workdir/batch_input_7.jsonl': fileOf(input),
    'workdir/batch_output_7.jsonl': fileOf(chance(random, 2) ? shuffled(random, output) : output),
    ...(error.length > 0 || chance(random, 3) ? { 'workdir/batch_error_7.jsonl': fileOf(error) } : {}),
    ...(chance(random, 2)
      ? {
          'workdir/batch_metadata_7.jsonl':
            '{"batch_id":"batch_1","input_file_id":"file-1","status":"expired"}\n',
        }
      : {}),
  }
}
