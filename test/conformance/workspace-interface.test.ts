import { existsSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createTemporaryWorkspace, openWorkspace } from '../../src/index.js'
import {
  safeFileName,
  workspaceDirectories,
  workspaceLayout,
  type WorkspaceLayout,
} from '../../src/workspace/layout.js'
import { rejection } from '../workspace/support.js'

/** Every path the layout names, for one index and one request. */
function everyPath(layout: WorkspaceLayout): string[] {
  const kinds = ['input', 'output', 'error', 'metadata'] as const
  return [
    ...workspaceDirectories(layout),
    layout.lockFile,
    ...kinds.flatMap((kind) => [
      layout.workdirFile(kind, '123'),
      layout.doneFile(kind, '123'),
      layout.partFile(kind, '123'),
    ]),
    layout.resultsFile('123'),
    layout.failedFile('123'),
    layout.unreadableFile('123'),
    layout.accountingFile('123'),
    layout.rowsFile('123'),
    layout.journalFile('123'),
    layout.olderJournalFile('123'),
    layout.expansionErrorLogFile('123'),
    join(layout.failedJsonRepairs, safeFileName('request-1')),
  ]
}

describe('workspaces as others see them', () => {
  test('WI2 a workspace at a path that does not exist is refused and not made', async () => {
    const path = '/this/path/does/not/exist'
    expect(await rejection(openWorkspace(path))).toMatchObject({
      code: 'WorkspaceNotFound',
      message: expect.stringContaining(path),
    })
    expect(existsSync(path)).toBe(false)
  })

  test('WI3 a temporary workspace exists, and is gone once removed', async () => {
    const { workspace, remove } = await createTemporaryWorkspace()
    expect(statSync(workspace.root).isDirectory()).toBe(true)
    remove()
    expect(existsSync(workspace.root)).toBe(false)
  })

  test('WI4 every path lies below the root, and no two are the same', () => {
    const paths = everyPath(workspaceLayout('/somewhere/batches'))
    expect(paths.filter((path) => !path.startsWith(`/somewhere/batches${sep}`))).toEqual([])
    expect(new Set(paths).size).toBe(paths.length)
  })
})
