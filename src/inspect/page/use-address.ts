import { useEffect, useRef, useState } from 'preact/hooks'

/** What the viewer looks at: it stands in the address behind `#`, so that a link to it can be sent. */
export interface Look {
  readonly query: string
  readonly chosen: string | null
}

/** Browsers take only some hundred changes of an address a minute: keys that are held down make more. */
const writeDelayMs = 150

/** Back in the browser leads from a triple to all of them; letters and single rows are no places to go back to. */
export function useAddress(): readonly [Look, (part: Partial<Look>) => void] {
  const [look, setLook] = useState(readLook)
  const latest = useRef(look)
  const [write] = useState(createWriter)
  useEffect(() => {
    const follow = () => {
      latest.current = readLook()
      setLook(latest.current)
    }
    addEventListener('popstate', follow)
    addEventListener('hashchange', follow)
    return () => {
      removeEventListener('popstate', follow)
      removeEventListener('hashchange', follow)
    }
  }, [])
  const change = (part: Partial<Look>) => {
    const before = latest.current
    latest.current = { ...before, ...part }
    setLook(latest.current)
    write(latest.current, (before.chosen === null) !== (latest.current.chosen === null))
  }
  return [look, change]
}

/** Writes a new place at once, and the latest change of a place a little later. */
function createWriter() {
  let timer: ReturnType<typeof setTimeout> | undefined
  let unwritten: Look | null = null
  const writeNow = () => {
    clearTimeout(timer)
    if (unwritten !== null) history.replaceState(null, '', addressOf(unwritten))
    unwritten = null
  }
  return (look: Look, isNewPlace: boolean) => {
    if (isNewPlace) {
      writeNow()
      history.pushState(null, '', addressOf(look))
    } else {
      unwritten = look
      clearTimeout(timer)
      timer = setTimeout(writeNow, writeDelayMs)
    }
  }
}

function readLook(): Look {
  const parts = new URLSearchParams(location.hash.slice(1))
  return { query: parts.get('q') ?? '', chosen: parts.get('triple') }
}

function addressOf({ query, chosen }: Look): string {
  const parts = new URLSearchParams()
  if (query !== '') parts.set('q', query)
  if (chosen !== null) parts.set('triple', chosen)
  return `${location.pathname}${location.search}#${parts.toString()}`
}
