import type { FileFact, Problem } from '../../machines/index.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import type { RequestsFileReport } from '../providers/validate-input.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { markOfFile } from '../workspace/file-mark.js'
import type { BatchMetadata } from '../workspace/metadata.js'
import type { TripleDependencies } from './dependencies.js'
import { inputTokensOf } from './input-tokens.js'
import type { InputIdentity } from './sent-input.js'
import type { SubmissionInquiry } from './submission-admission.js'

/** What is known of an input that is about to be sent. */
export interface CheckedSubmission {
  readonly report: RequestsFileReport
  readonly identity: InputIdentity
  readonly metadata: BatchMetadata | null
}

/** What the limits of ours are asked with. To be made before anybody waits for us: to count tokens may take seconds. */
export async function inquiryOf(
  { admission, workspace }: TripleDependencies,
  { limits }: BatchProvider,
  index: string,
  { report: { path, bound, parts }, identity, metadata }: CheckedSubmission,
  signal: AbortSignal,
): Promise<SubmissionInquiry> {
  const { fileSystem } = workspace
  return {
    workspace,
    limits,
    signal,
    index,
    model: parts[0]?.model ?? null,
    bound,
    inputMark: markOfFile(identity.stat),
    inputTokens: admission.needsInputTokens
      ? await inputTokensOf({ fileSystem, limits, signal, path, bound })
      : null,
    isRetry: (metadata?.attempt ?? 1) > 1,
  }
}

/** What our own limits had no room for is not read again while there is none. */
export async function stillRefused(
  { workspace: { fileSystem }, admission }: TripleDependencies,
  index: string,
  { path }: FileFact,
  signal: AbortSignal,
): Promise<Problem | null> {
  if (!admission.isLimited) return null
  const inputMark = markOfFile(await fileSystem.stat(path).catch(asFileProblem({ path, action: 'look at' })))
  const problem = await admission.stillRefused({ index, inputMark, signal })
  return problem?.isPassing === true ? problem : null
}
