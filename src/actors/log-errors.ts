import { collectErrorGroups, errorGroupLines } from '../accounting/rows/error-groups.js'
import { readRowsOf } from '../accounting/results/chosen-rows.js'
import type { RowFate } from '../accounting/results/row-fate.js'
import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { knownRows, type Attempt } from './attempt.js'
import type { TripleDependencies } from './dependencies.js'

/**
 * LogErrors: the failed rows of the attempt, grouped by what went wrong. Read from the kept rows, so that rows of an
 * interrupted run are among them.
 */
export async function logErrors(dependencies: TripleDependencies, attempt: Attempt): Promise<void> {
  const { workspace, report } = dependencies
  const { fileSystem, layout } = workspace
  const { index } = attempt.facts
  const path = layout.expansionErrorLogFile(index)
  const errors = collectErrorGroups()
  const table = await knownRows(dependencies, attempt)
  for await (const { row } of readRowsOf(fileSystem, attempt.rowsPath, table, isFailed)) errors.add(row)
  const groups = errors.groups()
  if (groups.length === 0) return
  await writeFileDurably(fileSystem, path, errorGroupLines(groups)).catch(
    asFileProblem({ path, action: 'write', index }),
  )
  report({ type: 'errors.grouped', index, groups })
}

const isFailed = ({ rowClass }: RowFate): boolean => rowClass !== 'success'
