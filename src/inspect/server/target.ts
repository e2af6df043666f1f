/** What a request asks for: the parts of its path, decoded, and its query. */
export interface RequestTarget {
  /** `null` when the path cannot be decoded. */
  readonly path: readonly string[] | null
  readonly query: URLSearchParams
}

/** `/triples/7?texts=1` → `['triples', '7']` and the query. Never throws, whatever was sent. */
export function targetOf(url: string): RequestTarget {
  const [path = '', ...query] = url.split('?')
  return { path: decodedParts(path), query: new URLSearchParams(query.join('?')) }
}

function decodedParts(path: string): readonly string[] | null {
  if (!path.startsWith('/')) return null
  try {
    return path === '/' ? [] : path.slice(1).split('/').map(decodeURIComponent)
  } catch {
    return null
  }
}
