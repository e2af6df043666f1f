import type { BatchWorkspace } from '../open-workspace.js'
import { isGone, systemProcessTable, type ProcessTable } from '../process-table.js'
import { readLease, type LeaseFile, type WorkerFiles } from './worker-files.js'
import type { LeaseRecord } from './worker-schema.js'

/**
 * Who has what of what `listWorkerFiles` gave, by the name of the lease; a triple's is its index. For those who only look: it may be
 * another one the moment after. An owner that is known to be gone has nothing. Rejects with a problem.
 */
export async function leaseHolders(
  workspace: BatchWorkspace,
  { leases }: WorkerFiles,
  processes: ProcessTable = systemProcessTable,
): Promise<ReadonlyMap<string, LeaseRecord>> {
  const last = new Map<string, LeaseFile>()
  for (const lease of leases) {
    // While one is being taken over both stand there; the owner is who has the highest number.
    if ((last.get(lease.name)?.number ?? 0) < lease.number) last.set(lease.name, lease)
  }
  const holders = new Map<string, LeaseRecord>()
  for (const lease of last.values()) {
    const read = await readLease(workspace, lease)
    if (read.type === 'record' && !isGone(read.record, processes)) holders.set(lease.name, read.record)
  }
  return holders
}
