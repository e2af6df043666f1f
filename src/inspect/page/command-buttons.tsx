import { countText } from '../../units.js'
import type { TripleCommandType } from '../protocol.js'
import type { Commands } from './use-commands.js'

interface CommandButtonsProps {
  readonly commands: Commands
  readonly indices: readonly string[]
  /** Several triples at once. */
  readonly isAll?: boolean
}

/** Asks the run for a rescan or a retry; `OutcomeLine` says what became of it. Nothing where there is no run. */
export function CommandButtons({ commands, indices, isAll = false }: CommandButtonsProps) {
  if (!commands.canCommand) return null
  const button = (name: string, type: TripleCommandType) => (
    <button type="button" onClick={() => commands.send(indices, type)}>
      {isAll ? `${name} all ${countText(indices.length)}` : name}
    </button>
  )
  return (
    <span class="commands">
      {button('Retry', 'triple.retry')}
      {button('Rescan', 'triple.rescan')}
    </span>
  )
}
