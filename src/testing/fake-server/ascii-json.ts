/**
 * JSON as real output files carry it: ASCII only with `\u` escapes, `", "` and `": "` between parts.
 * Readers that count on `JSON.stringify`'s own spelling find out here.
 */
export function asciiJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asciiJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) return `{${members(value).join(', ')}}`
  if (typeof value === 'string') return asciiString(value)
  return JSON.stringify(value) ?? 'null'
}

function members(value: object): string[] {
  return Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${asciiString(name)}: ${asciiJson(member)}`],
  )
}

function asciiString(text: string): string {
  // eslint-disable-next-line no-control-regex -- JSON.stringify has escaped the controls below 0x20 already
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
