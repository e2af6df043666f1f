import { reconciliationError } from '../errors.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { kindOf } from './kind-of.js'

/** @throws WrongUsage for what `openWorkspace` did not give, such as a path */
export function requireWorkspace(workspace: unknown): asserts workspace is BatchWorkspace {
  const isWorkspace =
    typeof workspace === 'object' && workspace !== null && 'layout' in workspace && 'fileSystem' in workspace
  if (isWorkspace) return
  throw reconciliationError({
    code: 'WrongUsage',
    message: `The workspace is ${kindOf(workspace)}; what openWorkspace resolves to was expected.`,
    hint: 'Pass `await openWorkspace(path)`. Nothing was touched.',
  })
}
