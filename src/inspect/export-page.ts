import { dirname, resolve } from 'node:path'
import { isDoneState } from '../../machines/index.js'
import { systemClock, type Clock } from '../clock.js'
import { stuckReason } from '../engine/triple-story.js'
import { reconciliationError } from '../errors.js'
import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileSystem } from '../workspace/file-system.js'
import { nodeFileSystem } from '../workspace/node-file-system.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { InspectionSource } from './inspection-source.js'
import {
  embeddedJson,
  generatorMeta,
  generatorMetaBytes,
  pageDocument,
  readPageAssets,
} from './page-document.js'
import type { ExportedInspection, TripleDetail, TripleReplay, TripleSummary } from './protocol.js'
import { journalSource } from './sources/journal-source.js'
import { workspaceSource } from './sources/workspace-source.js'

export interface ExportOptions {
  readonly clock?: Clock | undefined
}

/**
 * Writes the inspector's page over a workspace as one HTML file that loads nothing from anywhere. It holds how every
 * triple stands; facts and journals of stuck triples first, and of as many others as fit. Only an earlier export is
 * replaced: any other file at the path rejects with `WrongUsage`.
 */
export async function exportWorkspace(
  workspace: BatchWorkspace,
  path: string,
  { clock = systemClock }: ExportOptions = {},
): Promise<void> {
  const { fileSystem } = workspace
  await requireFreePath(fileSystem, resolve(path))
  await writeExport(await workspaceSource(workspace, { clock }), fileSystem, resolve(path), clock)
}

/** The same over one journal, for stepping through. */
export async function exportJournal(
  journalPath: string,
  path: string,
  { clock = systemClock }: ExportOptions = {},
): Promise<void> {
  await requireFreePath(nodeFileSystem, resolve(path))
  await writeExport(await journalSource(journalPath), nodeFileSystem, resolve(path), clock)
}

/** What browsers open without a pause, in bytes as embedded. */
const largestDataBytes = 20_000_000

async function writeExport(
  source: InspectionSource,
  fileSystem: FileSystem,
  path: string,
  clock: Clock,
): Promise<void> {
  try {
    const data = await collect(source, clock.now())
    const title = `${source.title} – batch-reconciler`
    const { html } = pageDocument({ ...(await readPageAssets()), title, data })
    await requireFreePath(fileSystem, path)
    await writeFileDurably(fileSystem, path, html).catch(asFileProblem({ path, action: 'write' }))
  } finally {
    source.close()
  }
}

/** What somebody else wrote is never replaced. */
async function requireFreePath(fileSystem: FileSystem, path: string): Promise<void> {
  const look = asFileProblem({ path, action: 'look at' })
  const directory = await fileSystem.stat(dirname(path)).catch(look)
  if (directory?.kind !== 'directory') throw cannotWrite(path, `${dirname(path)} is no directory`)
  const found = await fileSystem.stat(path).catch(look)
  if (found === null) return
  const isOurs =
    found.kind === 'file' && (await beginningOf(fileSystem, path).catch(look)).includes(generatorMeta)
  if (!isOurs) throw cannotWrite(path, 'what stands there is no page of the inspector')
}

async function beginningOf(fileSystem: FileSystem, path: string): Promise<string> {
  const file = await fileSystem.open(path, 'read')
  try {
    const beginning = new Uint8Array(generatorMetaBytes)
    return new TextDecoder().decode(beginning.subarray(0, await file.read(beginning, 0)))
  } finally {
    await file.close()
  }
}

function cannotWrite(path: string, why: string): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `The page cannot be written to ${path}: ${why}.`,
    hint: 'Choose another path. Only an earlier page of the inspector is replaced.',
    facts: { path },
  })
}

async function collect(source: InspectionSource, nowMs: number): Promise<ExportedInspection> {
  const triples = source.summaries()
  const details = new Map<string, TripleDetail>()
  const replays = new Map<string, TripleReplay>()
  let roomBytes = largestDataBytes - embeddedBytes(triples)
  const takeRoom = (value: unknown): boolean => {
    const bytes = embeddedBytes(value)
    if (bytes > roomBytes) return false
    roomBytes -= bytes
    return true
  }
  for (const { index } of stuckFirst(triples, nowMs)) {
    const detail = await source.detail(index, { withRowTexts: false })
    if (detail === null) continue
    if (!takeRoom({ [index]: detail })) break
    details.set(index, detail)
    const replay = await source.replay(index).catch(() => null)
    if (replay !== null && takeRoom({ [index]: replay })) replays.set(index, replay)
  }
  const page = {
    title: source.title,
    root: source.root,
    mode: 'export',
    canCommand: false,
    nowMs,
    isOver: true,
  } as const
  // The index out of a journal may be any text; `__proto__` as well is a name like others here.
  const history = await source.history(triples.map(({ index }) => index))
  const failedForGood = await source.failedForGood()
  const tokens = await source.tokens()
  return {
    page,
    triples,
    history,
    failedForGood,
    tokens,
    details: Object.fromEntries(details),
    replays: Object.fromEntries(replays),
  }
}

const embeddedBytes = (value: unknown): number => Buffer.byteLength(embeddedJson(value))

const stuckFirst = (triples: readonly TripleSummary[], nowMs: number): readonly TripleSummary[] =>
  triples.toSorted((left, right) => rank(left, nowMs) - rank(right, nowMs))

function rank(triple: TripleSummary, nowMs: number): number {
  if (stuckReason(triple, nowMs) !== null) return 0
  return isDoneState(triple.state) ? 2 : 1
}
