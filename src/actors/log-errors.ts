import { collectErrorGroups, errorGroupLines } from '../accounting/rows/error-groups.js'
import { readAttemptRows } from '../accounting/results/stored-rows.js'
import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { Attempt } from './attempt.js'
import type { TripleDependencies } from './dependencies.js'

/**
 * LogErrors: the failed rows of the attempt, grouped by what went wrong. Read from the kept rows, so that rows of an
 * interrupted run are among them.
 */
export async function logErrors({ workspace, report }: TripleDependencies, attempt: Attempt): Promise<void> {
  const { fileSystem, layout } = workspace
  const { index } = attempt.facts
  const path = layout.expansionErrorLogFile(index)
  const errors = collectErrorGroups()
  for await (const row of readAttemptRows(fileSystem, attempt.rowsPath)) errors.add(row)
  const groups = errors.groups()
  if (groups.length === 0) return
  await writeFileDurably(fileSystem, path, errorGroupLines(groups)).catch(
    asFileProblem({ path, action: 'write', index }),
  )
  report({ type: 'errors.grouped', index, groups })
}
