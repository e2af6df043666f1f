import type { Problem } from '../../machines/index.js'
import { inputChange, inputChangeText, type InputChange } from '../workspace/input-identity.js'
import type { BatchMetadata } from '../workspace/metadata.js'
import type { AccountedFile, TripleAccounting } from './triple-accounting.js'

/** The input as it was read. */
export function inputOf({ files }: Pick<TripleAccounting, 'files'>): AccountedFile | undefined {
  return files.find(({ kind }) => kind === 'input')
}

/** The input that was counted, where it is not the one that was sent. */
export function changeOfInput(
  accounting: Pick<TripleAccounting, 'files' | 'index'>,
  metadata: BatchMetadata | null,
): InputChange | null {
  const input = inputOf(accounting)
  return input === undefined ? null : inputChange(metadata, { ...input, index: accounting.index })
}

/** Ids that do not match are no wonder then: the problem says so, and what to put back. */
export function explainedBy(change: InputChange | null, problem: Problem): Problem {
  if (change === null) return problem
  const { path, sentSha256, sha256 } = change
  return {
    ...problem,
    message: `${problem.message.replace(/\.$/, '')}: ${inputChangeText(change)}.`,
    hint: `Put the input that was sent back as ${path}, byte for byte, then run again.`,
    needsPerson: true,
    facts: { ...problem.facts, path, sentSha256, sha256 },
  }
}
