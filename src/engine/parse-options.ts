import { z } from 'zod'
import { reconciliationError } from '../errors.js'
import { kindOf, longestText } from './kind-of.js'
import { nearestName } from './nearest-name.js'
import { optionSchemas } from './option-schemas.js'

const schema = z.strictObject(optionSchemas, { error: 'an object of options' })

/** The options with their defaults in place. */
export type Choices = z.output<typeof schema>

/**
 * Settles what was given and what was left out; `undefined` is left out. One object may serve several functions: an
 * option that only another one heeds is checked and has no effect.
 *
 * @throws WrongUsage for a name that is no option, and for a value of another kind than its option takes
 */
export function parseOptions(options: unknown): Choices {
  const parsed = schema.safeParse(options === undefined ? {} : options)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.flatMap((issue) => faultsIn(issue, options))
  throw refused(faults.slice(0, mostFaults), faults)
}

/** What the option takes, when the value is something else; `null` when it fits. */
export function expectedOption(name: keyof typeof optionSchemas, value: unknown): string | null {
  return optionSchemas[name].safeParse(value).error?.issues[0]?.message ?? null
}

/** One thing that is wrong with the options. Bounded, and never a value that could be a key. */
interface OptionFault {
  /** Such as `limits.maxRetries`; `''` for the options as a whole. */
  readonly option: string
  readonly message: string
  /** The option that was probably meant. */
  readonly nearest: string | null
}

/** Faults told in a message; the facts have all of them. */
const mostFaults = 3

function faultsIn(issue: z.core.$ZodIssue, options: unknown): readonly OptionFault[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownOption(issue.path, key))
  const option = issue.path.join('.')
  const subject = option === '' ? 'What was given as options' : option
  const value = valueAt(options, issue.path)
  // Objects and functions are never shown, and what was given in their place may be a key.
  const given = issue.code === 'custom' ? kindOf(value) : valueText(value)
  return [{ option, message: `${subject} is ${given}; ${issue.message} was expected.`, nearest: null }]
}

function unknownOption(path: readonly PropertyKey[], key: string): OptionFault {
  const place = [...path, ''].join('.')
  const names = Object.keys(path.length === 0 ? optionSchemas : optionSchemas.limits.unwrap().shape)
  const nearest = nearestName(key, names)
  const option = `${place}${key.slice(0, longestText)}`
  const advice =
    nearest === null
      ? `Known are ${names.map((name) => place + name).join(', ')}.`
      : `Did you mean ${place}${nearest}?`
  return { option, message: `There is no option ${option}. ${advice}`, nearest: nearest && place + nearest }
}

function refused(told: readonly OptionFault[], faults: readonly OptionFault[]): Error {
  const more = faults.length - told.length
  const rest = more === 0 ? '' : ` And ${more} more.`
  return reconciliationError({
    code: 'WrongUsage',
    message: told.map(({ message }) => message).join(' ') + rest,
    hint: 'Correct it and call again; nothing was touched. docs/api.md lists the options.',
    facts: { options: faults.slice(0, 20) },
  })
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, longestText)}' (a string)`
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value)
}

function valueAt(options: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Readonly<Record<PropertyKey, unknown>>)[key], options)
}
