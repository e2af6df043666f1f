import { useEffect } from 'preact/hooks'

/** `/` goes to the search, and Escape back to all triples; not while something is written. */
export function useKeys(onEscape: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isWriting = event.target instanceof HTMLInputElement
      if (isWriting || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'Escape') onEscape()
      if (event.key !== '/') return
      event.preventDefault()
      document.querySelector<HTMLInputElement>('.search input')?.focus()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  })
}
