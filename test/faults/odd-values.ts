import * as fc from 'fast-check'

/** What nobody expects in a field: paths, escapes, names of prototypes, numbers beyond all bounds, megabytes, deep nests. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown[]>(
    '',
    '.',
    '..',
    '../../../etc/passwd',
    '/',
    '\0',
    '\u001B[2J\u001B]0;t\u0007',
    '__proto__',
    'constructor',
    null,
    true,
    -1,
    0.5,
    8.64e15 + 1,
    -8.64e15 - 1,
    1e308,
    -1e308,
    2 ** 53,
    '9'.repeat(400),
    '+275760-09-13T00:00:00.001Z',
    '\uD800',
    'x'.repeat(1024 * 1024 + 1),
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Where a value may be replaced: the keys that lead to it. */
export type Place = readonly string[]

export function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [place]
  const below = Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...place, key]))
  return place.length === 0 ? below : [place, ...below]
}

export function replaced(value: unknown, [key, ...rest]: Place, by: unknown): unknown {
  if (key === undefined) return by
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string,
    unknown
  >
  copy[key] = replaced(copy[key], rest, by)
  return copy
}
