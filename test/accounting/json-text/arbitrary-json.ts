import * as fc from 'fast-check'

const oddNumbers = [
  '12345678901234567890',
  '9007199254740993',
  '-9007199254740993',
  '18446744073709551616',
  '0.10000000000000000555',
  '1e400',
  '-1E+400',
  '1e-400',
  '1.0',
  '0.10',
  '-0',
  '-0.0',
  '0e5',
  '1E5',
  '1.5e-7',
]

const number = fc.oneof(
  fc.constantFrom(...oddNumbers),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][+-]?\d{1,3})?$/),
)

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '""',
    String.raw`"\u0061\"\\"`,
    String.raw`"\\\\"`,
    String.raw`"\/ [{,:]}"`,
    '"\u2028"',
    '"1.0"',
    String.raw`"\ud800"`,
  ),
)

const key = fc.oneof(
  fc.constantFrom('"a"', '"2"', '"1"', '"__proto__"', '"constructor"', String.raw`"\u0061"`, '""'),
  text,
)

const space = fc.constantFrom('', '', '', ' ', '\n', '\r\n', '\t', '  ')

/** JSON text as models and servers write it: odd numbers, white space anywhere, escapes, keys that repeat. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ json: string; value: string }>((tie) => ({
  json: fc.tuple(space, tie('value'), space).map((parts) => parts.join('')),
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.oneof(number, text, fc.constantFrom('true', 'false', 'null')),
    fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(space, key, space, tie('json')), { maxLength: 4 })
      .map(
        (members) =>
          `{${members.map(([before, name, after, value]) => `${before}${name}${after}:${value}`).join(',')}}`,
      ),
  ),
})).json

/** The text without white space outside of strings, told by a pattern and not by a scanner. */
export function compacted(json: string): string {
  return json.replaceAll(/("(?:[^"\\]|\\.)*")|[ \t\n\r]+/gs, '$1')
}
