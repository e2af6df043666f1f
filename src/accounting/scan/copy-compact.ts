/**
 * Copies JSON text without the white space between its tokens, as `compactJson` does it with a string; gives where the
 * copy ends.
 */
export function copyCompact(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let written = at
  let isInString = false
  for (let from = start; from < end; from += 1) {
    const byte = source[from] ?? 0
    if (byte === quote) isInString = !isInString
    else if (byte <= space && !isInString) continue
    target[written] = byte
    written += 1
    if (byte === backslash) {
      from += 1
      target[written] = source[from] ?? 0
      written += 1
    }
  }
  return written
}

const space = 0x20
const quote = 0x22
const backslash = 0x5c
