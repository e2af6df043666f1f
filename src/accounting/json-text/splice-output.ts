import { respellNumbers, roundedNumbers, type RoundedNumbers } from './inexact-numbers.js'
import { walkJson, type Key } from './walk-json.js'

/**
 * The JSON text of what a schema made of a value. Numbers, text, true, false and null that it left in their place are
 * taken from the source as they are written there; so a schema that drops a key rounds none of the numbers it keeps.
 * A number that a double rounds is known again also where a schema moved it, unless the text has two that round alike.
 *
 * @param text what `parsed` was read from; `parsed` must not have been in the schema's hands
 * @throws TypeError when JSON cannot hold the output (a bigint, a cycle), RangeError when it is nested too deep
 */
export function spliceOutput(text: string, parsed: unknown, output: unknown): string {
  return new Splice(scalarsOf(text, parsed), roundedNumbers(text)).textOf(output, parsed) ?? 'null'
}

/** By list or object of the parsed value, and by key: how its scalars are written. */
type Scalars = ReadonlyMap<object, ReadonlyMap<Key, string>>

function scalarsOf(text: string, parsed: unknown): Scalars {
  const scalars = new Map<object, Map<Key, string>>()
  walkJson(text, parsed, {
    isWorthALook: () => true,
    container: () => undefined,
    scalar(parent, key, start, end) {
      const members = scalars.get(parent) ?? new Map<Key, string>()
      scalars.set(parent, members.set(key, text.slice(start, end)))
    },
  })
  return scalars
}

class Splice {
  readonly #scalars: Scalars
  readonly #rounded: RoundedNumbers

  constructor(scalars: Scalars, rounded: RoundedNumbers) {
    this.#scalars = scalars
    this.#rounded = rounded
  }

  /** `undefined` for what JSON leaves out. Recurses no deeper than the parsed value goes. */
  textOf(output: unknown, parsed: unknown): string | undefined {
    if (Array.isArray(output) && Array.isArray(parsed)) {
      return `[${Array.from(output, (item, at) => this.#memberText(item, parsed, at) ?? 'null').join(',')}]`
    }
    if (!isPlain(output) || !isPlain(parsed)) return this.#newText(output)
    const members = Object.entries(output).flatMap(([key, value]) => {
      const text = this.#memberText(value, parsed, key)
      return text === undefined ? [] : `${JSON.stringify(key)}:${text}`
    })
    return `{${members.join(',')}}`
  }

  /** Of what the schema made or moved. */
  #newText(output: unknown): string | undefined {
    if (typeof output === 'number') return this.#rounded.get(output) ?? JSON.stringify(output)
    // What JSON leaves out has no text, whatever the types of `JSON.stringify` say.
    const text: string | undefined = JSON.stringify(output)
    return text === undefined ? text : respellNumbers(text, this.#rounded)
  }

  #memberText(output: unknown, parent: object, key: Key): string | undefined {
    const parsed: unknown = Object.hasOwn(parent, key) ? Reflect.get(parent, key) : undefined
    const isLeftAlone = Object.is(output, parsed) && (typeof output !== 'object' || output === null)
    const written = isLeftAlone ? this.#scalars.get(parent)?.get(key) : undefined
    return written ?? this.textOf(output, parsed)
  }
}

/** An object that JSON writes by its members. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    (prototype === Object.prototype || prototype === null) &&
    typeof Reflect.get(value, 'toJSON') !== 'function'
  )
}
