/** Bytes that are held back until it is clear that they are lines of results. */
export const sniffedBytes = 16 * 1024

/**
 * What the beginning of a downloaded file is when it is no result file, or `null`. Servers and proxies send error
 * objects and pages with status 200. `isWhole` says that `head` is all there is.
 */
export function foreignContent(head: Uint8Array, isWhole: boolean): string | null {
  const text = new TextDecoder().decode(head).trimStart()
  if (text.startsWith('<')) return 'an HTML page'
  const firstLine = text.slice(0, endOfLine(text))
  return isErrorObject(parsed(firstLine)) || (isWhole && isErrorObject(parsed(text)))
    ? 'an error object'
    : null
}

function endOfLine(text: string): number {
  const at = text.indexOf('\n')
  return at === -1 ? text.length : at
}

/** Rows of an error file carry `error` as well, but always beside a `custom_id`. */
function isErrorObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || 'custom_id' in value) return false
  return ('error' in value && Boolean(value.error)) || ('detail' in value && !('id' in value))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
