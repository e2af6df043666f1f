import { reconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileStat } from '../workspace/file-system.js'
import { inputChange, requireSentInput, type StandingInput } from '../workspace/input-identity.js'
import type { BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { hashFile } from '../workspace/read-whole-file.js'

/** The input as it is about to be sent. */
export interface InputIdentity {
  readonly sha256: string
  readonly stat: FileStat | null
}

export async function identifyInput({ fileSystem }: BatchWorkspace, path: string): Promise<InputIdentity> {
  const failed = asFileProblem({ path, action: 'read' })
  const stat = await fileSystem.stat(path).catch(failed)
  return { sha256: await hashFile(fileSystem, path).catch(failed), stat }
}

/**
 * An upload stands at the server already: what is made from it answers the requests that were in it.
 *
 * @throws InputChanged
 */
export function requireUploadedInput(metadata: BatchMetadata | null, input: StandingInput): void {
  if (metadata?.submission?.input_file_id != null) requireSentInput(inputChange(metadata, input))
}

/** Called when the upload is through and nothing was asked of it yet: it must be of the bytes that were checked. */
export async function requireUnchanged(
  { fileSystem }: BatchWorkspace,
  path: string,
  { stat }: InputIdentity,
): Promise<void> {
  const now = await fileSystem.stat(path).catch(asFileProblem({ path, action: 'look at' }))
  if (now?.bytes === stat?.bytes && now?.modifiedAtMs === stat?.modifiedAtMs) return
  throw reconciliationError({
    code: 'FileChangedDuringRun',
    message: `${path} was written to while it was uploaded; no batch was made from it.`,
    hint: 'Wait until whatever writes it has finished; it is uploaded again.',
    isPassing: true,
    facts: { path },
  })
}
