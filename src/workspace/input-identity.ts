import type { Problem } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import { asFileProblem } from './file-problem.js'
import type { BatchMetadata } from './metadata.js'
import type { BatchWorkspace } from './open-workspace.js'
import { hashFile } from './read-whole-file.js'

/** An input whose bytes are not those that were sent. */
export interface InputChange {
  readonly index: string
  /** Absolute path of the input that stands here. */
  readonly path: string
  /** Of the input as it was sent, and as it stands; lower-case hex. */
  readonly sentSha256: string
  readonly sha256: string
}

/** The input that stands here, with its hash. */
export interface StandingInput {
  readonly index: string
  readonly path: string
  readonly sha256: string
}

/**
 * Compares an input with what its metadata says was sent, byte for byte. `null` when they are the same, and for a triple
 * made by hand, whose metadata says nothing.
 */
export function inputChange(metadata: BatchMetadata | null, input: StandingInput): InputChange | null {
  const sentSha256 = metadata?.input_sha256 ?? null
  if (sentSha256 === null || sentSha256.toLowerCase() === input.sha256) return null
  return { ...input, sentSha256 }
}

/** As `inputChange`, for an input nobody has hashed yet. Reads it only where there is something to compare. */
export async function findInputChange(
  { fileSystem }: BatchWorkspace,
  metadata: BatchMetadata | null,
  { index, path }: Omit<StandingInput, 'sha256'>,
): Promise<InputChange | null> {
  if (metadata?.input_sha256 == null) return null
  const sha256 = await hashFile(fileSystem, path).catch(asFileProblem({ path, action: 'read', index }))
  return inputChange(metadata, { index, path, sha256 })
}

/** One sentence, for a warning or at the end of another message. */
export function inputChangeText({ path, sentSha256, sha256 }: InputChange): string {
  return `${path} is not the input that was sent (sha256 ${short(sha256)}, sent was ${short(sentSha256)})`
}

/** The problem at which everything stops that would send requests of this input. */
export function inputChangedProblem(change: InputChange): Problem {
  const { index, path, sentSha256, sha256 } = change
  return {
    code: 'InputChanged',
    message: `${inputChangeText(change)}; no request of it is sent.`,
    hint: `Put the input that was sent back as ${path}, byte for byte, then run again. To send this one instead: take it out of the workspace, and submit it as a new file, with --again to send also what did not change.`,
    needsPerson: true,
    facts: { index, path, sentSha256, sha256 },
  }
}

/** @throws InputChanged */
export function requireSentInput(change: InputChange | null): void {
  if (change !== null) throw reconciliationError(inputChangedProblem(change), { index: change.index })
}

const short = (sha256: string): string => `${sha256.slice(0, 12)}…`
