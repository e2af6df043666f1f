import type { StepInput } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import { readMetadata, updateMetadata } from '../workspace/metadata.js'
import { shellWord } from '../workspace/shell-word.js'
import type { Step } from './dependencies.js'

/** Halves, and halves of halves: whatever the server takes, few parts reach it. */
const parts = 2

/**
 * Notes that the batch alone is more than the server takes. From here on its requests were not executed, and go on in
 * parts; a decision that stands is kept. One request alone cannot be parted: a person has to help.
 */
export const splitBatch: Step<StepInput, void> = async (dependencies, { index, facts }) => {
  const { workspace, clock } = dependencies
  // The survey may be older than the metadata: the submission made it.
  const path = facts.metadata?.path ?? workspace.layout.workdirFile('metadata', index)
  const metadata = await readMetadata(workspace, path)
  if (metadata === null) throw new Error(`Triple ${index} was refused and has no metadata.`)
  if (metadata.split != null) return
  const requests = metadata.request_count ?? 0
  if (requests <= 1) throw singleRequest(index, workspace.layout.root)
  const split = { parts, reason: 'token_limit_exceeded', decided_at_ms: clock.now() }
  await updateMetadata(workspace, path, { split })
  dependencies.report({
    type: 'warning',
    index,
    message: `The ${requests} requests of triple ${index} are more than the server takes at a time; they are sent in ${parts} parts.`,
  })
}

function singleRequest(index: string, root: string): Error {
  return reconciliationError(
    {
      code: 'BatchFailed',
      message: `Triple ${index} holds one request, and that alone is more tokens than the server lets wait in its queue; nothing was executed.`,
      hint: `Ask for a higher limit of enqueued tokens, or wait until other batches of the account have ended; then \`batch-reconciler retry ${shellWord(root)} ${index}\` sends it again.`,
      needsPerson: true,
      facts: { index },
    },
    { index },
  )
}
