import { useState } from 'preact/hooks'
import type { TripleCommandType } from '../protocol.js'
import type { Backend } from './backend.js'

/** Asks the run for a rescan or a retry, and says what it answered. */
export function CommandButtons({ backend, index }: { readonly backend: Backend; readonly index: string }) {
  const [answer, setAnswer] = useState('')
  const send = async (type: TripleCommandType) => {
    setAnswer('Asking…')
    try {
      const given = await backend.command(index, type)
      setAnswer(given.type === 'accepted' ? `${type} accepted.` : `${type} refused: ${given.reason}`)
    } catch (error) {
      setAnswer(`${type} got no answer: ${String(error)}`)
    }
  }
  return (
    <p class="commands">
      <button type="button" onClick={() => void send('triple.rescan')}>
        Rescan
      </button>
      <button type="button" onClick={() => void send('triple.retry')}>
        Retry
      </button>
      <span role="status">{answer}</span>
    </p>
  )
}
