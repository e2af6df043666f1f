import { tokenEnd } from './tokens.js'

/**
 * True when the text holds a number that a double does not give back: an integer above 2^53 that is rounded, more
 * digits than a double has, a value that overflows to infinity or underflows to 0. `1.0`, `1E5`, `-0` and `0.10` are
 * held: they are other spellings of a number that comes back.
 *
 * @param json without white space between tokens
 * @param spelled what `JSON.stringify` makes of the value that was read from it
 */
export function hasInexactNumber(json: string, spelled: string): boolean {
  if (!json.includes('"')) return hasInexactItem(json.split(','), spelled.split(','))
  for (const _ of inexactNumbers(json)) return true
  return false
}

/** Lists of numbers stand in the same order in both texts, so only those that are spelled otherwise are looked at. */
function hasInexactItem(written: readonly string[], spelled: readonly string[]): boolean {
  return written.some((item, at) => item !== spelled[at] && !inexactNumbers(item).next().done)
}

/** Those numbers as they are written, in order. */
export function* inexactNumbers(json: string): Generator<string, void, undefined> {
  for (const { number } of numbersIn(json)) if (isInexact(number)) yield number
}

/** By a double: how the number is written that is rounded to it. */
export type RoundedNumbers = ReadonlyMap<number, string>

/**
 * The numbers of a text that are rounded, without those that another number of the text is rounded to as well, and
 * without those rounded to nothing: a zero is what schemas make by themselves, and has no sign to be known by.
 */
export function roundedNumbers(json: string): RoundedNumbers {
  const rounded = new Map([...inexactNumbers(json)].map((number) => [Number(number), number]))
  rounded.delete(0)
  if (rounded.size === 0) return rounded
  for (const { number } of numbersIn(json)) {
    const held = Number(number)
    if (rounded.has(held) && rounded.get(held) !== number) rounded.delete(held)
  }
  return rounded
}

/** Writes the numbers of a text that stand for rounded ones as those are written. */
export function respellNumbers(json: string, rounded: RoundedNumbers): string {
  if (rounded.size === 0) return json
  let text = ''
  let keptFrom = 0
  for (const { number, at } of numbersIn(json)) {
    const spelling = rounded.get(Number(number))
    if (spelling === undefined) continue
    text += json.slice(keptFrom, at) + spelling
    keptFrom = at + number.length
  }
  return text + json.slice(keptFrom)
}

function* numbersIn(json: string): Generator<{ readonly number: string; readonly at: number }> {
  for (let at = 0, end = 0; at < json.length; at = end) {
    end = tokenEnd(json, at)
    if (isNumberStart(json.charCodeAt(at))) yield { number: json.slice(at, end), at }
  }
}

/** A double gives back any 15 digits (IEEE 754 binary64; `DBL_DIG` of C). */
const certainDigits = 15

function isNumberStart(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2d
}

function isInexact(number: string): boolean {
  if (number.length <= certainDigits && !/[eE]/.test(number)) return false
  const held = Number(number)
  const shortest = String(held)
  if (number === shortest) return false
  if (!Number.isFinite(held)) return true
  const decimal = decimalOf(number)
  return decimal !== decimalOf(shortest) && decimal !== decimalOf(exactly(held))
}

/** The most that `toPrecision` gives (ECMAScript, Number.prototype.toPrecision). */
const mostDigits = 100

/** The value of a double in full, up to 100 digits behind the point's first: 2^64 is held, though `String` rounds it. */
function exactly(held: number): string {
  return Number.isInteger(held) ? String(BigInt(held)) : held.toPrecision(mostDigits)
}

/** One spelling for each decimal value without its sign: its digits, and the power of ten of the last one. */
function decimalOf(number: string): string {
  const [mantissa = '', exponent = '0'] = number.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const digits = whole + fraction
  const first = firstDigit(digits)
  if (first === digits.length) return '0'
  const last = lastDigit(digits)
  return `${digits.slice(first, last + 1)}e${Number(exponent) - fraction.length + digits.length - 1 - last}`
}

// Loops: a pattern such as /0+$/ looks at each zero again for each zero before it.
function firstDigit(digits: string): number {
  let at = 0
  while (digits[at] === '0') at += 1
  return at
}

function lastDigit(digits: string): number {
  let at = digits.length - 1
  while (digits[at] === '0') at -= 1
  return at
}
