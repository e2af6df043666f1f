import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { claimName, withPreparedRecord } from '../workspace/claim-name.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { readSmallFile } from '../workspace/read-whole-file.js'
import { reconciliationError } from '../errors.js'

/** Everything in Redis that belongs to one workspace begins with this. */
export const keyPrefix = 'batch-reconciler'

/** What the keys of one workspace are called. */
export interface QueueNames {
  /** The jobs that say which triple is looked at next. */
  readonly triples: string
  /** The jobs that say when the workspace is looked over. */
  readonly rounds: string
  /** A hash: how each triple rested. */
  readonly notes: string
  /** A hash: what all workers know of the rounds so far. */
  readonly state: string
  /** A hash: what was told to other programs. */
  readonly told: string
}

export function queueNames(id: string): QueueNames {
  const key = (name: string): string => `${keyPrefix}:${id}:${name}`
  return {
    triples: `${id}-triples`,
    rounds: `${id}-rounds`,
    notes: key('notes'),
    state: key('state'),
    told: key('told'),
  }
}

/** Two keys for all workspaces of one account: how many requests each batch under way has, and when batches were made. */
export function roomKeys(account: string): { readonly open: string; readonly rate: string } {
  const hash = createHash('sha256').update(account).digest('hex').slice(0, 16)
  return { open: `${keyPrefix}:account-${hash}:open`, rate: `${keyPrefix}:account-${hash}:rate` }
}

/** By it workers on different hosts, for which the folder has different paths, know that it is the same. */
const idFile = '.batch-reconciler.id'

/** Reads the id of the workspace, or gives it one, which it then keeps. */
export async function workspaceId(workspace: BatchWorkspace): Promise<string> {
  const { fileSystem, root } = workspace
  const path = join(root, idFile)
  const standing = await readId(workspace, path)
  if (standing !== null) return standing
  const id = randomUUID()
  const prepared = `${path}.${id}`
  await withPreparedRecord(fileSystem, prepared, { id }, () => claimName(fileSystem, prepared, path)).catch(
    asFileProblem({ path, action: 'write' }),
  )
  return (await readId(workspace, path)) ?? id
}

async function readId({ fileSystem }: BatchWorkspace, path: string): Promise<string | null> {
  const read = await readSmallFile(fileSystem, path, 1_024).catch(asFileProblem({ path, action: 'read' }))
  if (read.type === 'absent') return null
  const id =
    read.type === 'content'
      ? /^\{"id":"([0-9a-f-]{36})"\}\n$/.exec(new TextDecoder().decode(read.content))
      : null
  if (id !== null) return id[1] as string
  throw reconciliationError({
    code: 'WorkspaceNotFound',
    message: `${path} does not say which workspace this is.`,
    hint: 'Remove it, while no worker runs: the next one makes it anew.',
    needsPerson: true,
    facts: { path },
  })
}
