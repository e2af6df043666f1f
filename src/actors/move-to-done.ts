import type { StepInput } from '../../machines/index.js'
import { readProvenFiles } from '../accounting/proven-files.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileSystem } from '../workspace/file-system.js'
import { moveTripleToDone } from '../workspace/move.js'
import type { Step } from './dependencies.js'
import { inTurn } from '../workspace/in-turn.js'
import { moveOf } from './ownership.js'

/** Moves the files of a triple whose results are published, or finishes a move that was cut short: what was proven, and nothing else. */
export const moveToDone: Step<StepInput, void> = async (
  { workspace, clock, accountings },
  { index, facts },
) => {
  const proven = accountings.recall(facts)?.accounting.files ?? (await readProvenFiles(workspace, index))
  const beforeMetadata = (): Promise<void> =>
    removeRows(workspace.fileSystem, workspace.layout.rowsFile(index), index)
  await inTurn(moveOf(workspace, index), () =>
    moveTripleToDone(workspace, { index }, { clock, proven, beforeMetadata }),
  )
}

/** The rows of the attempt are in the results by now. */
async function removeRows(
  fileSystem: Pick<FileSystem, 'stat' | 'remove'>,
  path: string,
  index: string,
): Promise<void> {
  // Most have none; to be told so by a removal that fails costs more.
  if ((await fileSystem.stat(path)) === null) return
  await fileSystem.remove(path).catch(asFileProblem({ path, action: 'remove', index }))
}
