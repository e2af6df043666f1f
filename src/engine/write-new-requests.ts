import type { Standing } from '../accounting/requests/answered-requests.js'
import { RequestTable } from '../accounting/requests/request-table.js'
import { findSentRequests, type Holder } from '../accounting/requests/sent-requests.js'
import { planParts, readPart, type InputLimits, type PartsPlan } from '../providers/split-input.js'
import type { RequestsFileReport } from '../providers/validate-input.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { countOf } from '../units.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { fileChunks } from '../workspace/read-whole-file.js'
import { requireNewAtServer, type InputToSend } from './batches-at-server.js'
import { identify, requestsLookup, type IdentifiedFile, type RequestsLookup } from './requests-lookup.js'
import type { Run } from './run.js'
import {
  planSubmissionPart,
  submissionIndex,
  writeSubmissionPart,
  type PlannedPart,
} from './write-submission-part.js'

/** A triple that has requests of a file. */
export interface PreparedInput {
  readonly index: BatchIndex
  /** Absolute path of the requests file. */
  readonly requestsPath: string
  /** How many of the file's requests it has. */
  readonly requests: number
  /** It had them before: nothing new is made of them. */
  readonly isKnown: boolean
}

/** Requests of a file that are not sent, because a triple has them. */
export interface LeftOutRequests {
  readonly index: BatchIndex
  readonly requestsPath: string
  readonly requests: number
  /** `without-results`: they were sent, and no results are here that tell what became of them. */
  readonly standing: Standing
  /** The last status the server gave of their batch, where it is pending and was asked. */
  readonly remoteStatus: string | null
}

/** Requests of a file that are sent although a triple has their `custom_id`s: the bodies differ. */
export interface ChangedBodies {
  readonly index: BatchIndex
  readonly requestsPath: string
  readonly requests: number
}

export interface NewRequests {
  readonly prepared: readonly PreparedInput[]
  readonly leftOut: readonly LeftOutRequests[]
  readonly changedBodies: readonly ChangedBodies[]
  /** Triples in `workdir/` that have some of the requests and were not sent yet, new ones included. */
  readonly unsentIndices: ReadonlySet<BatchIndex>
}

/** What the writing of new requests works with. */
export interface SubmissionScope {
  readonly run: Run
  readonly limits: InputLimits
  /** Send what was sent before this call, too. */
  readonly isAgain: boolean
}

/**
 * Writes the requests of validated files that are not in the workspace yet as new triples: each line as it stands in its
 * file. What a triple has, pending or answered, is left out; what failed for good is sent anew.
 */
export async function writeNewRequests(
  scope: SubmissionScope,
  reports: readonly RequestsFileReport[],
): Promise<NewRequests> {
  const found: Draft = { prepared: [], leftOut: [], changedBodies: [], unsentIndices: new Set() }
  for (const group of inGroups(reports)) await writeGroup(scope, group, found)
  return found
}

/** Files that are looked up together: more requests than this are looked up in turns, so that memory is bounded. */
const mostRequestsAtOnce = 2_000_000

interface Draft {
  readonly prepared: PreparedInput[]
  readonly leftOut: LeftOutRequests[]
  readonly changedBodies: ChangedBodies[]
  readonly unsentIndices: Set<BatchIndex>
}

/** The groups, in the order of the files. */
export function* inGroups(reports: readonly RequestsFileReport[]): Iterable<readonly RequestsFileReport[]> {
  let group: RequestsFileReport[] = []
  let requests = 0
  for (const report of reports) {
    if (group.length > 0 && requests + report.requestCount > mostRequestsAtOnce) {
      yield group
      group = []
      requests = 0
    }
    group.push(report)
    requests += report.requestCount
  }
  if (group.length > 0) yield group
}

async function writeGroup(
  scope: SubmissionScope,
  reports: readonly RequestsFileReport[],
  found: Draft,
): Promise<void> {
  const { run, isAgain } = scope
  const { workspace, signal } = run
  const warn = warnOf(run)
  const table = new RequestTable()
  const files: IdentifiedFile[] = []
  for (const report of reports) files.push(await identify(workspace, report, table, signal))
  // Asked for again or not: within one call each request is sent once.
  const isMadeNow = (index: BatchIndex): boolean => found.unsentIndices.has(index)
  const isAsked = isAgain ? isMadeNow : undefined
  const sent = await findSentRequests({ workspace, warn, signal, table, isAsked })
  const plans: FilePlan[] = []
  for (const file of files) plans.push(await planFile(scope, requestsLookup(file, table, sent), found))
  if (!isAgain)
    await requireNewAtServer(
      run,
      plans.flatMap((plan) => newInputs(workspace, plan)),
    )
  for (const plan of plans) await writeFile(scope, plan, found)
}

/** What a file is going to become. */
interface FilePlan {
  readonly lookup: RequestsLookup
  readonly parts: readonly PlannedPart[]
  /** What is to be said of other bodies under known ids. */
  readonly changed: ReadonlyMap<BatchIndex, number>
}

/** From here on the requests of the file count as held: the next file leaves them out. */
async function planFile(scope: SubmissionScope, lookup: RequestsLookup, found: Draft): Promise<FilePlan> {
  const { path, requestCount } = lookup.report
  const left = noteLeftOut(lookup, found)
  if (left === requestCount) return { lookup, parts: [], changed: new Map() }
  const changed = changedBodiesOf(lookup)
  const plan = await planOf(scope, lookup, left === 0)
  await lookup.requireUnchanged()
  const parts: PlannedPart[] = []
  for (const part of plan.parts) parts.push(await planSubmissionPart(scope.run.workspace, path, part))
  lookup.hold(
    parts.map(({ index }) => index),
    plan,
  )
  return { lookup, parts, changed }
}

async function writeFile(
  scope: SubmissionScope,
  { lookup, parts, changed }: FilePlan,
  found: Draft,
): Promise<void> {
  const requestsPath = lookup.report.path
  for (const [index, requests] of changed) found.changedBodies.push({ index, requestsPath, requests })
  if (changed.size > 0) warnOf(scope.run)(changedText(requestsPath, changed))
  if (parts.length > 0) await lookup.requireUnchanged()
  for (const planned of parts) {
    const { index, part } = planned
    await writeSubmissionPart(scope, planned)
    found.prepared.push({ index, requestsPath, requests: part.requestCount, isKnown: false })
    found.unsentIndices.add(index)
  }
}

/** The same bytes may have been uploaded as the file that they stand in, with its own line breaks. */
function newInputs({ fileSystem }: BatchWorkspace, { lookup, parts }: FilePlan): readonly InputToSend[] {
  const { report, fileBytes } = lookup
  const isWhole = parts.length === 1 && parts[0]?.part.requestCount === report.requestCount
  const file = { bytes: fileBytes, read: () => fileChunks(fileSystem, report.path) }
  return parts.map(({ requestsPath, part, sha256 }) => ({
    requestsPath,
    requests: part.requestCount,
    indices: new Set(Array.from({ length: mostSendings }, (_, at) => submissionIndex(sha256, at + 1))),
    spellings: [
      { bytes: part.bytes, read: () => readPart(fileSystem, requestsPath, part) },
      ...(isWhole && fileBytes !== part.bytes ? [file] : []),
    ],
  }))
}

/** Who sent the same bytes more often than this by `submit --again` knows it. */
const mostSendings = 10

/** Gives how many there are. */
function noteLeftOut(lookup: RequestsLookup, found: Draft): number {
  const { path: requestsPath, requestCount } = lookup.report
  const counts = new Map<Holder, number>()
  let left = 0
  for (let request = 0; request < requestCount; request += 1) {
    const holder = lookup.holderOf(request)
    if (holder === null) continue
    counts.set(holder, (counts.get(holder) ?? 0) + 1)
    left += 1
  }
  for (const [{ index, standing, remoteStatus, isUnsent }, requests] of counts) {
    found.leftOut.push({ index, requestsPath, requests, standing, remoteStatus })
    found.prepared.push({ index, requestsPath, requests, isKnown: true })
    if (isUnsent) found.unsentIndices.add(index)
  }
  return left
}

function changedBodiesOf(lookup: RequestsLookup): ReadonlyMap<BatchIndex, number> {
  const counts = new Map<BatchIndex, number>()
  for (const request of lookup.wanted()) {
    const index = lookup.holderOfOther(request)?.index
    if (index !== undefined) counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  return counts
}

/** The validation has planned the whole file already. */
async function planOf(
  { run: { workspace, signal }, limits }: SubmissionScope,
  lookup: RequestsLookup,
  isWhole: boolean,
): Promise<PartsPlan> {
  const { path, parts } = lookup.report
  if (isWhole && parts.length === 1) return { parts, partOf: { get: () => 0 } }
  return planParts(workspace.fileSystem, path, limits, (request) => lookup.holderOf(request) === null, signal)
}

function warnOf({ report }: Run): (message: string) => void {
  return (message) => report({ type: 'warning', index: null, message })
}

function changedText(path: string, counts: ReadonlyMap<BatchIndex, number>): string {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const [first = ''] = counts.keys()
  const more = counts.size > 1 ? ` and ${countOf(counts.size - 1, 'more triple')}` : ''
  const verb = total === 1 ? 'has its custom_id' : 'have their custom_ids'
  return `${countOf(total, 'request')} of ${path} ${verb} from triple ${first}${more}, with another body or endpoint: sent as new.`
}
