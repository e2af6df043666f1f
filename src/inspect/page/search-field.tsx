import { useRef, useState } from 'preact/hooks'
import { countText } from '../../units.js'
import type { TripleSummary } from '../protocol.js'
import { suggestionsFor, withSuggestion } from './suggestions.js'

interface SearchFieldProps {
  readonly triples: readonly TripleSummary[]
  readonly query: string
  readonly nowMs: number
  readonly onChange: (query: string) => void
}

/** One field for everything. It offers the keys, and for a key the values that occur, each with its count. */
export function SearchField({ triples, query, nowMs, onChange }: SearchFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  const [isOpen, setOpen] = useState(false)
  const [at, setAt] = useState(-1)
  const offered = isOpen ? suggestionsFor(query, triples, nowMs) : []
  const take = (token: string) => {
    onChange(withSuggestion(query, token))
    setAt(-1)
    field.current?.focus()
    // A key alone asks for its values next.
    setOpen(/[:>]$/.test(token))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = offered[at]
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setOpen(true)
      const step = event.key === 'ArrowDown' ? 1 : -1
      setAt(offered.length === 0 ? -1 : (at + step + offered.length) % offered.length)
    } else if (event.key === 'Enter' && chosen !== undefined) {
      event.preventDefault()
      take(chosen.token)
    } else if (event.key === 'Escape') {
      if (isOpen) setOpen(false)
      else onChange('')
    }
  }
  return (
    <div class="search" role="search">
      <input
        ref={field}
        type="search"
        list={undefined}
        role="combobox"
        aria-label="Search triples"
        aria-expanded={offered.length > 0}
        aria-controls="suggestions"
        aria-autocomplete="list"
        {...(at >= 0 && at < offered.length ? { 'aria-activedescendant': `suggestion-${at}` } : {})}
        placeholder="Search, or state: code: remote: age>"
        spellcheck={false}
        autocomplete="off"
        value={query}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onInput={({ currentTarget }) => {
          setAt(-1)
          // One that was emptied shows the list again, which the offers would cover.
          setOpen(currentTarget.value !== '')
          onChange(currentTarget.value)
        }}
        onKeyDown={onKeyDown}
      />
      <div id="suggestions" role="listbox" aria-label="Suggestions" hidden={offered.length === 0}>
        {offered.map(({ token, count, what }, place) => (
          <div
            key={token}
            id={`suggestion-${place}`}
            role="option"
            aria-selected={place === at}
            // The field keeps the focus, and so stays open.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(token)}
          >
            <code>{token}</code> <span class="quiet">{count === null ? what : countText(count)}</span>
          </div>
        ))}
      </div>
    </div>
  )
}
