import { join } from 'node:path'
import { z } from 'zod'
import { reconciliationError } from '../../errors.js'
import { durationText } from '../../units.js'
import { writeNewRecord } from '../claim-name.js'
import { identityFields } from '../identity-schema.js'
import type { BatchWorkspace } from '../open-workspace.js'
import { isGone, ownIdentity, systemProcessTable } from '../process-table.js'
import { listOrNothing } from '../scan.js'
import { shellWord } from '../shell-word.js'
import { systemErrorCode } from '../system-error-code.js'
import { removeStagingFolder } from '../workers/worker-files.js'
import { noFacts, readFacts, type Bench } from './bench.js'

/** Where the two meet. Nobody else's folder is called so, and nothing of it is kept. */
export const meetingFolder = ({ root }: BatchWorkspace): string =>
  join(root, '.batch-reconciler.storage-check')

const partner = z.object(identityFields)

/**
 * Comes to the folder: whoever is first leads. What was left by a check whose process is gone is put away first.
 * Rejects with the system's error, and with `StorageCheckFailed` when two others are there.
 */
export async function come(bench: Bench): Promise<'leader' | 'follower'> {
  const { fileSystem, workspace, at } = bench
  const leader = await readFacts(fileSystem, at('leader'), partner)
  if (leader !== null && isGone(leader, systemProcessTable)) await leave(workspace)
  await fileSystem.makeDirectory(meetingFolder(workspace))
  if (await couldBe('leader', bench)) return 'leader'
  if (await couldBe('follower', bench)) return 'follower'
  throw isCrowded(workspace)
}

/** Whether nobody has that part so far. */
async function couldBe(part: 'leader' | 'follower', { fileSystem, at }: Bench): Promise<boolean> {
  try {
    await writeNewRecord(fileSystem, at(part), ownIdentity(systemProcessTable))
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Waits for the second one; gives its host. */
export async function welcome(bench: Bench, waitMs: number): Promise<string> {
  const { fileSystem, at } = bench
  const follower = await bench.until(() => readFacts(fileSystem, at('follower'), partner), waitMs)
  if (follower === null) throw nobodyCame(waitMs)
  await bench.give('welcome')
  return follower.host
}

/** Waits for the word of the one who leads; gives its host. */
export async function beWelcomed(bench: Bench): Promise<string> {
  try {
    await bench.hear('welcome', noFacts)
    return (await bench.hear('leader', partner)).host
  } catch (error) {
    // Left over of another host: whoever comes next finds nothing.
    await leave(bench.workspace)
    throw error
  }
}

/** Takes the folder away with all that stands in it. */
export async function leave(workspace: BatchWorkspace): Promise<void> {
  const folder = meetingFolder(workspace)
  for (const { name, kind } of await listOrNothing(workspace, folder)) {
    if (kind === 'directory') await removeStagingFolder(workspace, join(folder, name))
  }
  await removeStagingFolder(workspace, folder)
}

function nobodyCame(waitMs: number): Error {
  return reconciliationError({
    code: 'StorageCheckFailed',
    message: `No second process came within ${durationText(waitMs)}.`,
    hint: 'Begin again, and start the same command on another host that mounts the same folder meanwhile.',
  })
}

function isCrowded(workspace: BatchWorkspace): Error {
  const folder = meetingFolder(workspace)
  return reconciliationError({
    code: 'StorageCheckFailed',
    message: 'Two other processes check this storage.',
    hint: `Wait until they have ended. If you know that they are gone: rm -r ${shellWord(folder)}`,
    facts: { folder },
  })
}
