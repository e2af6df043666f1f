import { useEffect, useState } from 'preact/hooks'
import type { TripleDetail, TripleSummary } from '../protocol.js'
import type { Backend } from './backend.js'

export interface LoadedDetail {
  readonly detail: TripleDetail | null
  /** `null` while loading and when all is well. */
  readonly trouble: string | null
  readonly withTexts: boolean
  readonly showTexts: () => void
}

/** Reads the chosen triple's detail, and again when its summary changes. A late answer for another is dropped. */
export function useDetail(
  backend: Backend,
  index: string | null,
  summary: TripleSummary | null,
): LoadedDetail {
  const [loaded, setLoaded] = useState<Loaded | null>(null)
  const [textsOf, setTextsOf] = useState<string | null>(null)
  const withTexts = index !== null && textsOf === index
  useEffect(() => {
    let isCurrent = true
    const keep = (detail: TripleDetail | null, trouble: string | null) => {
      if (isCurrent && index !== null) setLoaded({ index, detail, trouble })
    }
    if (index !== null) {
      backend.detail(index, withTexts).then(
        (detail) => keep(detail, detail === null ? 'Nothing more is known of this triple here.' : null),
        (error: unknown) => keep(null, String(error)),
      )
    }
    return () => {
      isCurrent = false
    }
  }, [backend, index, summary, withTexts])
  const own = loaded?.index === index ? loaded : null
  const showTexts = () => setTextsOf(index)
  return { detail: own?.detail ?? null, trouble: own?.trouble ?? null, withTexts, showTexts }
}

interface Loaded {
  readonly index: string
  readonly detail: TripleDetail | null
  readonly trouble: string | null
}
