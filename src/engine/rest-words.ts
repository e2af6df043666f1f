import {
  canHear,
  isBackingOff,
  isParkedState,
  isWaitingForBatch,
  isWaitingForRoom,
  needsPersonState,
} from '../../machines/state-paths.js'
import { shellWord } from '../workspace/shell-word.js'

/** Why a triple stands where it does, and what makes it go on. */
export interface RestWords {
  readonly why: string
  readonly whatToDo: string
}

/** Where a command of a cure is to work: `null` while nobody says it. */
export type WorkspaceRoot = string | null

type WordsAt = (root: WorkspaceRoot) => RestWords

/** `batch-reconciler run ./batches --submit` as a command to copy; without a root the bare one. */
export function commandText(root: WorkspaceRoot, name: string, ...more: readonly string[]): string {
  const words = root === null ? [name, ...more] : ['batch-reconciler', name, shellWord(root), ...more]
  return `\`${words.join(' ')}\``
}

interface Rest {
  readonly isIt: (state: string) => boolean
  readonly words: WordsAt
}

/** For each way of resting, when nothing went wrong that has words of its own; the first that fits counts. */
const rests: readonly Rest[] = [
  {
    isIt: needsPersonState,
    words: (root) => ({
      why: 'Answers stand here without the requests they answer.',
      whatToDo: `Put the input back as it was uploaded, then ${commandText(root, 'run')}.`,
    }),
  },
  {
    isIt: isParkedState,
    words: (root) => ({
      why: 'A step failed, and nothing says why any more.',
      whatToDo: `${commandText(root, 'run')} tries it again and says what is wrong.`,
    }),
  },
  {
    isIt: isWaitingForRoom,
    words: (root) => ({
      why: 'The server takes no more tokens for now, and ran nothing of it.',
      whatToDo: `${commandText(root, 'watch')} sends it as soon as there is room.`,
    }),
  },
  {
    isIt: isWaitingForBatch,
    words: (root) => ({
      why: 'The server works on it.',
      whatToDo: `${commandText(root, 'watch')} fetches the answers when it has ended.`,
    }),
  },
  {
    isIt: (state) => canHear(state, 'triple.submit'),
    words: (root) => ({
      why: 'It was never sent: that costs money, and nobody has allowed it.',
      whatToDo: `${commandText(root, 'run', '--submit')} sends it, with the key of the server.`,
    }),
  },
  {
    isIt: isBackingOff,
    words: (root) => ({
      why: 'A step failed for a reason that passes.',
      whatToDo: `It is tried again by itself after a while; ${commandText(root, 'run')} tries it at once.`,
    }),
  },
]

/** Of a triple that rests before a step, since nobody works on the workspace. */
export const untouchedWords: WordsAt = (root) => ({
  why: 'No run has looked at it as it stands.',
  whatToDo: `${commandText(root, 'run')} goes on with it.`,
})

/** `null` for a state in which a step is at work, for `done`, and for a path nobody knows. */
export function restWordsOf(state: string, root: WorkspaceRoot): RestWords | null {
  return rests.find(({ isIt }) => isIt(state))?.words(root) ?? null
}
