import { describe, expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '../../../src/accounting/decode-line.js'
import {
  rowRoles,
  type FieldRole,
  type FieldRoles,
  type ScannedKind,
} from '../../../src/accounting/scan/field-roles.js'
import { saidOfAnswer, saidOfRequest } from './judged-rows.js'
import { answerRows, requestRows, textOf } from './random-rows.js'

/** Values that are alike to whoever keeps to the role of the field. */
const alike: Readonly<Record<FieldRole, readonly (readonly string[])[]>> = {
  kept: [],
  barred: [],
  id: [['"a"', '" "', '"b\\u0000"', '"null"', '"é"']],
  filled: [
    [
      '"x"',
      '" x "',
      '"stop"',
      '"length"',
      '"failed"',
      '"200"',
      '"500"',
      '"0"',
      '"user"',
      '"\\u0000"',
      '"ok"',
      '"{}"',
    ],
    ['0', '1', '-1', '0.5', '200', '500', '1e99'],
  ],
  ignored: [
    [
      '""',
      '" "',
      '"x"',
      '"stop"',
      '"length"',
      '"failed"',
      '"200"',
      '"500"',
      '"user"',
      '"refusal"',
      '"{\\"error\\":1}"',
    ],
    ['0', '1', '-1', '0.5', '200', '500', '1e99'],
    [
      '{}',
      '{"name":""}',
      '{"name":"f"}',
      '{"error":{"message":"x"}}',
      '{"type":"refusal"}',
      '{"text":"x"}',
      '{"a":[]}',
    ],
    [
      '[]',
      '[1]',
      '[1,2]',
      '["x"]',
      '[{}]',
      '[{"name":""}]',
      '[{"type":"refusal","refusal":"no"}]',
      '[{"error":"x"}]',
    ],
  ],
  vector: [['[1,2]', '[0,0]', '[-1e-9,1E+9]', '[0.5 , 1]']],
  counted: [
    ['["a","b"]', '["",{}]', '["b",1]'],
    ['[1,2]', '[0,"x"]', '[-1,[]]'],
    ['[{},{}]', '[{"text":"x"},1]', '[{"type":"image_url"},{}]'],
    ['[[1],[2]]', '[[],"x"]'],
    ['"x"', '""', '" "'],
    ['{}', '{"a":1}'],
  ],
}

interface Field {
  readonly path: readonly string[]
  readonly role: FieldRole
}

/** Fields that are named and their names, from the outside in. */
function* fieldsIn({ fields, others }: FieldRoles, path: readonly string[] = []): Generator<Field> {
  for (const [name, field] of Object.entries(fields)) {
    yield { path: [...path, name], role: field.role }
    yield* fieldsIn(field, [...path, name])
  }
  // A name that nobody has thought of stands for all that are not named.
  if (others !== null && others.role !== 'kept') yield { path: [...path, 'other'], role: others.role }
}

/** The objects that have the field, or would have it: lists are walked through. */
function holdersOf(value: unknown, path: readonly string[]): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.flatMap((item) => holdersOf(item, path))
  if (!isJsonObject(value)) return []
  const [name = '', ...rest] = path
  return rest.length === 0 ? [value] : holdersOf(value[name], rest)
}

const judges = { answer: saidOfAnswer, request: saidOfRequest } as const
/** The same body without the envelope of OpenAI around it. */
const unwrapped = ({ response }: { readonly response?: unknown }): readonly string[] =>
  isJsonObject(response) ? [JSON.stringify({ custom_id: 'a', status_code: 200, body: response['body'] })] : []
const answers = answerRows.map(textOf)
const rows = {
  answer: [...answers, ...answers.flatMap((row) => unwrapped(JSON.parse(row) as object))],
  request: requestRows.map(textOf),
} as const

/** What is said of a row that has the value in one of the places of the field; `null` when there is no such place. */
function saidWith(kind: ScannedKind, row: string, place: number, { path }: Field, value: string): unknown {
  const changed = JSON.parse(row) as JsonObject
  const holder = holdersOf(changed, path)[place]
  const name = path.at(-1) ?? ''
  if (holder === undefined) return null
  holder[name] = JSON.parse(value) as unknown
  return judges[kind](changed)
}

describe.each(Object.entries(rowRoles) as [ScannedKind, FieldRoles][])(
  'no judge of %s rows looks at more',
  (kind, roles) => {
    const fields = [...fieldsIn(roles)].filter(({ role }) => alike[role].length > 0)
    const named = fields.map((field) => [field.path.join('.'), field.role, field] as const)

    test.each(named)('of %s than its role says: %s', (name, role, field) => {
      let places = 0
      for (const row of rows[kind]) {
        for (let place = 0; holdersOf(JSON.parse(row), field.path)[place] !== undefined; place += 1) {
          places += 1
          for (const values of alike[role]) {
            const [first = ''] = values
            const said = saidWith(kind, row, place, field, first)
            for (const value of values) {
              const hint = `${name} is no longer "${role}": a judge tells ${first} and ${value} apart in ${row}. Change its role in field-roles.ts.`
              expect(saidWith(kind, row, place, field, value), hint).toEqual(said)
            }
          }
        }
      }
      expect(places, `no row of the tests has a place for ${name}`).toBeGreaterThan(0)
    })
  },
)
