/**
 * Copies a JSON string, quotes and all, as `JSON.stringify` writes what it means: with no escape that need not be, and
 * those that must be in their shortest form. Gives where the copy ends; it is never longer.
 */
export function copyStringified(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let written = at
  for (let from = start; from < end;) {
    const byte = source[from] ?? 0
    if (byte !== backslash) {
      target[written] = byte
      written += 1
      from += 1
      continue
    }
    const escaped = source[from + 1] ?? 0
    if (escaped === letterU) {
      const code = codeAt(source, from)
      written = writeCode(code, target, written)
      from += code > 0xffff ? 12 : 6
    } else {
      if (escaped !== slash) {
        target[written] = backslash
        written += 1
      }
      target[written] = escaped
      written += 1
      from += 2
    }
  }
  return written
}

const slash = 0x2f
const backslash = 0x5c
const letterU = 0x75

/** The character of an escape, and of the one behind it where the two are a pair. */
function codeAt(source: Uint8Array, from: number): number {
  const unit = unitAt(source, from)
  const isHigh = unit >= 0xd800 && unit < 0xdc00
  if (!isHigh || source[from + 6] !== backslash || source[from + 7] !== letterU) return unit
  const low = unitAt(source, from + 6)
  return low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : unit
}

function unitAt(source: Uint8Array, from: number): number {
  let unit = 0
  for (let at = from + 2; at < from + 6; at += 1) {
    const byte = source[at] ?? 0
    unit = (unit << 4) | ((byte & 0x0f) + (byte > 0x39 ? 9 : 0))
  }
  return unit
}

function writeCode(code: number, target: Uint8Array, at: number): number {
  if (code < 0x80) return writeText(asciiTexts[code] ?? '', target, at)
  if (code >= 0xd800 && code < 0xe000) return writeText(`\\u${code.toString(16)}`, target, at)
  const tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3
  target[at] = (leads[tails] ?? 0) | (code >> (6 * tails))
  for (let left = tails - 1; left >= 0; left -= 1)
    target[at + tails - left] = 0x80 | ((code >> (6 * left)) & 0x3f)
  return at + 1 + tails
}

/** First bits of a character in UTF-8, by the number of bytes that follow. */
const leads = [0, 0xc0, 0xe0, 0xf0]

/** As `JSON.stringify` writes each of them. */
const asciiTexts: readonly string[] = Array.from({ length: 0x80 }, (_, code) =>
  JSON.stringify(String.fromCharCode(code)).slice(1, -1),
)

function writeText(text: string, target: Uint8Array, at: number): number {
  for (let position = 0; position < text.length; position += 1)
    target[at + position] = text.charCodeAt(position)
  return at + text.length
}
