/** Text of a caller's that is shown; in characters. */
export const longestText = 40

/** Such as `null`, `a string`, `an array`, `an AbortController`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  const name = typeof value === 'object' ? classOf(value) : typeof value
  return /^[aeiou]/i.test(name) ? `an ${name}` : `a ${name}`
}

function classOf(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name !== 'string' || name === 'Object' || name === '' ? 'object' : name.slice(0, longestText)
}
