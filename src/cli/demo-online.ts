import { writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenAI } from 'openai'
import type { ReconciliationEvent, ReportEvent } from '../engine/events.js'
import type { WorkspaceReport } from '../engine/report.js'
import { submitRequests, type PreparedInput } from '../engine/submit-requests.js'
import { watchWorkspace } from '../engine/watch-workspace.js'
import type { FakeBatchServer } from '../testing/fake-server/create-fake-batch-server.js'
import { openWorkspace, type BatchWorkspace } from '../workspace/open-workspace.js'
import type { CommandLineContext } from './context.js'
import { demoMark } from './demo-folder.js'
import { onlineDemo, onlineDemoRequests, onlineDemoServer } from './demo-server.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import { loadOpenAi } from './load-open-ai.js'
import { onlineDifferences, onlineIntroduction, onlineSummary } from './render/demo-online-text.js'
import type { LookFlags } from './routes.js'
import { withProgress } from './with-progress.js'
import { writeReport } from './write-report.js'

/** What the second part of the demo came to. */
export interface OnlineDemo {
  readonly server: FakeBatchServer
  readonly prepared: readonly PreparedInput[]
  /** Triples that were made for failed requests. */
  readonly retryIndices: ReadonlySet<string>
  readonly report: WorkspaceReport
  /** The rows of all results files, by the path of the file. */
  readonly results: ReadonlyMap<string, readonly ResultWords[]>
}

interface ResultWords {
  readonly custom_id: string
  readonly outcome: string
  readonly attempt: number
}

/**
 * The whole way on a server inside this process: submit, wait, download, retry, until everything is settled. No
 * socket is opened; between the two stands the real `openai` client. Left out where that package is not installed.
 *
 * @param root absolute path of the folder to make
 */
export async function runOnlineDemo(
  context: CommandLineContext,
  flags: LookFlags,
  root: string,
): Promise<ExitCode> {
  const { stderr } = context.process
  const openAi = await loadOpenAi().catch(() => null)
  if (openAi === null) {
    stderr.write('\nThe part with a server is left out: the package openai cannot be loaded.\n')
    return exitCodes.success
  }
  const workspace = await openWorkspace(root, { create: true })
  stderr.write(`\n${onlineIntroduction(root)}\n`)
  const server = onlineDemoServer()
  const client = new openAi.OpenAI({ apiKey: 'demo', baseURL: 'http://demo.invalid/v1', fetch: server.fetch })
  const demo = await submitAndWatch(context, workspace, server, client)
  await writeReport(context, flags, workspace, demo.report)
  return demo.report.isInterrupted ? exitCodes.interrupted : compared(context, demo)
}

/** A minute between two looks is what servers ask for; this one has hours to pass in each. */
const pollDelayMs = 300

async function submitAndWatch(
  context: CommandLineContext,
  workspace: BatchWorkspace,
  server: FakeBatchServer,
  client: OpenAI,
): Promise<OnlineDemo> {
  const path = join(workspace.root, 'requests.jsonl')
  await writeFile(path, onlineDemoRequests())
  const retryIndices = new Set<string>()
  const mark = marker(workspace)
  return withProgress(context, async ({ onEvent }) => {
    const listen: ReportEvent = (event) => {
      mark(event)
      if (event.type === 'retry.written') retryIndices.add(event.retryIndex)
      onEvent(event)
    }
    const { clock, signal } = context
    const options = { client, clock, signal, onEvent: listen }
    const submitted = await submitRequests(workspace, [path], options)
    const { prepared } = submitted
    const report = submitted.isInterrupted
      ? submitted
      : await watchWorkspace(workspace, { ...options, pollDelayMs })
    return { server, prepared, retryIndices, report, results: await readResults(report) }
  })
}

/** Notes each triple as the demo's own at once, so that the next demo may clear it, also after a kill. */
function marker({ root }: BatchWorkspace): ReportEvent {
  const indices = new Set<string>()
  return (event) => {
    const index = newTripleIn(event)
    if (index === null || indices.has(index)) return
    indices.add(index)
    const { name, text } = demoMark([...indices])
    writeFileSync(join(root, name), text)
  }
}

function newTripleIn(event: ReconciliationEvent): string | null {
  if (event.type === 'retry.written') return event.retryIndex
  return event.type === 'triple.started' ? event.index : null
}

async function readResults({ triples }: WorkspaceReport): Promise<OnlineDemo['results']> {
  const paths = new Set(triples.flatMap(({ resultsPath }) => resultsPath ?? []))
  const results = new Map<string, readonly ResultWords[]>()
  for (const path of paths) {
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    results.set(
      path,
      lines.map((line): ResultWords => JSON.parse(line)),
    )
  }
  return results
}

function compared({ process: { stderr } }: CommandLineContext, demo: OnlineDemo): ExitCode {
  stderr.write(`\n${onlineSummary(demo)}\n`)
  const differences = onlineDifferences(demo, onlineDemo)
  for (const difference of differences) stderr.write(`✗ ${difference}\n`)
  return differences.length === 0 ? exitCodes.success : exitCodes.failed
}
