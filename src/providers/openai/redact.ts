import type { Problem } from '../../../machines/index.js'

/** Longest text of a server that goes into a message, in characters. */
const maxTextLength = 300

/**
 * A server's words made fit for messages, journals and logs: one line, bounded, without keys. Servers quote the
 * key they refuse, and `fetch` quotes a header it cannot send.
 */
export function redacted(text: string, secrets: readonly string[]): string {
  const plain = withoutKeys(text.slice(0, mostReadLength), secrets).replaceAll(/\s+/g, ' ').trim()
  if (/^<(!doctype|html|\?xml)/i.test(plain)) return 'an HTML page'
  return plain.length > maxTextLength ? `${plain.slice(0, maxTextLength)}…` : plain
}

/** A text of a server without the keys and whatever looks like one. */
export function withoutKeys(text: string, secrets: readonly string[]): string {
  return secrets
    .reduce(withoutSecret, text)
    .replaceAll(/\b(Bearer|Basic)\s+[^\s"']+/gi, '$1 [key]')
    .replaceAll(/:\/\/[^\s/@]+@/g, '://')
    .replaceAll(/\b(sk|gsk|key)[-_][\w*.-]{6,}/g, '[key]')
}

/** Whether an id holds a key, whole, that is too long to stand there by accident. */
export function holdsKey(id: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => isLong(secret) && spellingsOf(secret).some((each) => id.includes(each)))
}

/**
 * A problem without keys in any of its texts, whatever part of an answer they came from: a header, a redirect, an id.
 * Only keys that cannot be words of ours as well.
 */
export function problemWithoutKeys(problem: Problem, secrets: readonly string[]): Problem {
  const long = secrets.filter(isLong)
  const clean = (value: unknown): unknown =>
    typeof value === 'string' ? long.reduce(withoutSecret, value) : value
  const facts = Object.entries(problem.facts ?? {}).map(([name, value]) => [name, clean(value)])
  const texts = Object.entries(problem).map(([name, value]) => [name, clean(value)])
  return {
    ...(Object.fromEntries(texts) as unknown as Problem),
    code: problem.code,
    ...(problem.facts === undefined ? {} : { facts: Object.fromEntries(facts) }),
  }
}

/** Of a text that is cut to `maxTextLength` anyway: a megabyte need not be searched. */
const mostReadLength = 16 * 1024

/** Keys of servers have 20 characters and more; `test` and `demo` are words. */
const isLong = (secret: string): boolean => secret.length >= 16

/** Servers quote the beginning of a key, or its end; fewer characters than this are told of it by everybody. */
const leastPart = 8

/** As it is, and as an address has it. */
const spellingsOf = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, '')),
]

/** Without the key, and without any long part of it. */
function withoutSecret(text: string, secret: string): string {
  const whole = spellingsOf(secret).reduce((rest, each) => rest.replaceAll(each, '[key]'), text)
  return isLong(secret) ? withoutParts(whole, secret) : whole
}

function withoutParts(text: string, secret: string): string {
  let clean = ''
  for (let at = 0; at < text.length;) {
    const part = partAt(text, at, secret)
    clean += part === 0 ? text.charAt(at) : '[key]'
    at += Math.max(part, 1)
  }
  return clean
}

/** How many characters from `at` on stand in the secret in the same order; 0 for fewer than `leastPart`. */
function partAt(text: string, at: number, secret: string): number {
  let length = leastPart
  if (at + length > text.length || !secret.includes(text.slice(at, at + length))) return 0
  while (at + length < text.length && secret.includes(text.slice(at, at + length + 1))) length += 1
  return length
}
