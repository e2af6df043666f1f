import { GrowableColumn } from '../accounting/growable-column.js'
import { identityWords, readIdentities } from '../accounting/requests/request-identity.js'
import type { RequestTable } from '../accounting/requests/request-table.js'
import type { Holder, SentRequests } from '../accounting/requests/sent-requests.js'
import { reconciliationError } from '../errors.js'
import type { PartsPlan } from '../providers/split-input.js'
import type { RequestsFileReport } from '../providers/validate-input.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import type { FileStat } from '../workspace/file-system.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/** A requests file whose requests have numbers in a table. */
export interface IdentifiedFile {
  readonly workspace: Pick<BatchWorkspace, 'fileSystem'>
  readonly report: RequestsFileReport
  /** By number of the request in the file. */
  readonly ordinals: GrowableColumn
  /** How the file looked when its requests were read. */
  readonly stat: FileStat | null
}

/** What is known of the requests of one file, by their number in it. */
export interface RequestsLookup {
  readonly report: RequestsFileReport
  /** Size of the file. */
  readonly fileBytes: number
  /** Who has the request; `null` when it is to be sent. */
  holderOf(request: number): Holder | null
  /** Who has another body under the same `custom_id`: a triple from before, or one made of an earlier file. */
  holderOfOther(request: number): Holder | null
  /** The requests nobody has. */
  wanted(): Iterable<number>
  /** Notes that each of them is now in the triple of its part. */
  hold(indices: readonly BatchIndex[], plan: PartsPlan): void
  /** Rejects with `FileChangedDuringRun` when what is about to be written is not what was looked up. */
  requireUnchanged(): Promise<void>
}

/** Numbers the requests of a validated file in the table. */
export async function identify(
  workspace: Pick<BatchWorkspace, 'fileSystem'>,
  report: RequestsFileReport,
  table: RequestTable,
  signal: AbortSignal | undefined,
): Promise<IdentifiedFile> {
  const { fileSystem } = workspace
  const stat = await fileSystem.stat(report.path)
  const ordinals = new GrowableColumn(Uint32Array)
  let request = 0
  for await (const words of readIdentities(fileSystem, report.path, { signal })) {
    for (let at = 0; at < words.length; at += identityWords) {
      ordinals.set(request, table.add(words, at))
      request += 1
    }
  }
  if (request !== report.requestCount) throw changed(report.path)
  return { workspace, report, ordinals, stat }
}

export function requestsLookup(
  { workspace, report, ordinals, stat }: IdentifiedFile,
  table: RequestTable,
  sent: SentRequests,
): RequestsLookup {
  const holderOf = (request: number): Holder | null => sent.holderOf(ordinals.get(request))
  function* wanted(): Iterable<number> {
    for (let request = 0; request < report.requestCount; request += 1) {
      if (holderOf(request) === null) yield request
    }
  }
  return {
    report,
    fileBytes: stat?.bytes ?? 0,
    holderOf,
    wanted,
    holderOfOther: (request) => {
      const ordinal = ordinals.get(request)
      const first = table.firstOfId(ordinal)
      return sent.holderOfOther(first) ?? (first === ordinal ? null : sent.holderOf(first))
    },
    hold: (indices, { partOf }) => {
      const notes = indices.map((index) =>
        sent.add({ index, standing: 'pending', remoteStatus: null, isUnsent: true }),
      )
      for (const request of wanted()) notes[partOf.get(request)]?.hasRequest(ordinals.get(request))
    },
    requireUnchanged: async () => {
      const now = await workspace.fileSystem.stat(report.path)
      if (now?.bytes !== stat?.bytes || now?.modifiedAtMs !== stat?.modifiedAtMs) throw changed(report.path)
    },
  }
}

function changed(path: string): Error {
  return reconciliationError({
    code: 'FileChangedDuringRun',
    message: `${path} changed between its check and its submission; nothing of it was sent.`,
    hint: 'Run again once nothing else writes to the file.',
    isPassing: true,
    facts: { path },
  })
}
