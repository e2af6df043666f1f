import { reconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileStat } from '../workspace/file-system.js'
import type { SubmissionIntent } from '../workspace/metadata.js'
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

/** An upload stands at the server already: what is made from it answers the requests that were in it. */
export function requireUploadedInput(
  index: string,
  path: string,
  sent: Pick<SubmissionIntent, 'input_file_id' | 'input_sha256'>,
  { sha256 }: InputIdentity,
): void {
  if (sent.input_file_id == null || sent.input_sha256 == null || sent.input_sha256 === sha256) return
  throw reconciliationError(
    {
      code: 'InputChanged',
      message: `${path} is not the input that was sent: upload ${sent.input_file_id} of triple ${index} was made from other bytes (sha256 ${sent.input_sha256.slice(0, 12)}…, now ${sha256.slice(0, 12)}…). Nothing was sent again.`,
      hint: 'Put the file back that was sent. To send the changed requests, move this input and its metadata out of workdir/ and `submit` the changed file.',
      needsPerson: true,
      facts: { index, path, inputFileId: sent.input_file_id, sentSha256: sent.input_sha256, sha256 },
    },
    { index },
  )
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
