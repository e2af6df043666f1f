import { systemClock, type Clock } from '../clock.js'
import { stuckReason } from '../engine/triple-story.js'
import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileSystem } from '../workspace/file-system.js'
import { nodeFileSystem } from '../workspace/node-file-system.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { InspectionSource } from './inspection-source.js'
import { pageDocument, readPageAssets } from './page-document.js'
import type { ExportedInspection, TripleDetail, TripleReplay, TripleSummary } from './protocol.js'
import { journalSource } from './sources/journal-source.js'
import { workspaceSource } from './sources/workspace-source.js'

export interface ExportOptions {
  readonly clock?: Clock | undefined
}

/**
 * Writes the inspector's page over a workspace as one HTML file that loads nothing from anywhere. It holds how every
 * triple stands; facts and journals of stuck triples first, and of as many others as fit.
 */
export async function exportWorkspace(
  workspace: BatchWorkspace,
  path: string,
  options: ExportOptions = {},
): Promise<void> {
  const { clock = systemClock } = options
  await writeExport(await workspaceSource(workspace, { clock }), workspace.fileSystem, path, clock)
}

/** The same over one journal, for stepping through. */
export async function exportJournal(
  journalPath: string,
  path: string,
  { clock = systemClock }: ExportOptions = {},
): Promise<void> {
  await writeExport(await journalSource(journalPath), nodeFileSystem, path, clock)
}

/** What browsers open without a pause, in characters of JSON. */
const largestData = 20_000_000

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
    await writeFileDurably(fileSystem, path, html).catch(asFileProblem({ path, action: 'write' }))
  } finally {
    source.close()
  }
}

async function collect(source: InspectionSource, nowMs: number): Promise<ExportedInspection> {
  const triples = source.summaries()
  const details: Record<string, TripleDetail> = {}
  const replays: Record<string, TripleReplay> = {}
  let room = largestData - JSON.stringify(triples).length
  for (const { index } of stuckFirst(triples, nowMs)) {
    const detail = await source.detail(index, { withRowTexts: false })
    const replay = await source.replay(index)
    room -= JSON.stringify([detail, replay]).length
    if (room < 0) break
    if (detail !== null) details[index] = detail
    if (replay !== null) replays[index] = replay
  }
  const page = { title: source.title, mode: 'export', canCommand: false, nowMs, isOver: true } as const
  return { page, triples, details, replays }
}

const stuckFirst = (triples: readonly TripleSummary[], nowMs: number): readonly TripleSummary[] =>
  triples.toSorted((left, right) => rank(left, nowMs) - rank(right, nowMs))

function rank(triple: TripleSummary, nowMs: number): number {
  if (stuckReason(triple, nowMs) !== null) return 0
  return triple.state === 'done' ? 2 : 1
}
