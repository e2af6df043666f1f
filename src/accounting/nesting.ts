/**
 * Whether JSON text opens more objects and arrays inside each other than `levels`. `JSON.parse` reads any depth;
 * `JSON.stringify`, deep comparisons and most servers' parsers do not. Almost free for lines that are not nested so.
 */
export function isNestedDeeperThan(bytes: Buffer, levels: number): boolean {
  if (bytes.length < levels || !hasOpenings(bytes, levels)) return false
  let depth = 0
  let isInString = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (isInString && byte === codes.backslash) at += 1
    else if (byte === codes.quote) isInString = !isInString
    else if (!isInString) depth += depthChange(byte)
    if (depth > levels) return true
  }
  return false
}

const codes = { quote: 0x22, backslash: 0x5c, openList: 0x5b, closeList: 0x5d, open: 0x7b, close: 0x7d }

/** The search of a buffer for one byte is much faster than a loop over it, and ends most questions. */
function hasOpenings(bytes: Buffer, levels: number): boolean {
  let left = levels
  for (const code of [codes.openList, codes.open])
    for (let at = bytes.indexOf(code); at !== -1; at = bytes.indexOf(code, at + 1)) {
      left -= 1
      if (left < 0) return true
    }
  return false
}

function depthChange(byte: number | undefined): number {
  if (byte === codes.open || byte === codes.openList) return 1
  return byte === codes.close || byte === codes.closeList ? -1 : 0
}
