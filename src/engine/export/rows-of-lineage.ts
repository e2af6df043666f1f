import { basename } from 'node:path'
import { IdTable } from '../../accounting/id-table.js'
import type { ReadLinesOptions } from '../../accounting/line-reader.js'
import {
  firstUrlIn,
  readRequestLines,
  requestCursor,
  type RequestCursor,
  type RequestLine,
} from '../../accounting/requests/request-lines.js'
import { readPublishedRows, type PublishedRow } from '../../accounting/results/published-rows.js'
import { promiseOf } from '../../accounting/rows/promise.js'
import { reconciliationError } from '../../errors.js'
import { countOf } from '../../units.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import type { FileSystem } from '../../workspace/file-system.js'
import type { ExportRow } from './export-row.js'
import type { LineageFiles } from './lineages.js'

export interface LineageReading {
  readonly fs: FileSystem
  readonly shouldJoinRequests: boolean
  readonly reading: ReadLinesOptions
  readonly warn: (message: string) => void
}

/**
 * The rows of a lineage in the order of the root's input, some at a time: those of its results, or its requests while
 * there are none. Memory: a chunk of each file; without results the ids as well.
 *
 * @throws ReconciliationFailed when a line of the results is no row, or input and results do not belong together
 */
export async function* rowsOfLineage(
  lineage: LineageFiles,
  reading: LineageReading,
): AsyncGenerator<readonly ExportRow[], void, undefined> {
  const { results, input } = lineage
  if (results !== null) yield* answered(lineage, results, reading)
  else if (input !== null) yield* unanswered(lineage, input, reading)
}

async function* answered(
  lineage: LineageFiles,
  path: string,
  { fs, shouldJoinRequests, reading, warn }: LineageReading,
): AsyncGenerator<readonly ExportRow[], void, undefined> {
  const { input, rootIndex } = lineage
  const asksForVectors = await doesAskForVectors(fs, lineage, reading)
  if (shouldJoinRequests && input === null)
    warn(`The input of triple ${rootIndex} is gone: its rows are written without their requests.`)
  const requests = shouldJoinRequests && input !== null ? requestCursor(fs, input, reading) : null
  try {
    for await (const batch of readPublishedRows(fs, path, reading)) {
      const rows: ExportRow[] = []
      for (const result of batch) {
        const request = requests === null ? null : await requestOf(requests, lineage, result)
        rows.push({
          rootIndex,
          customId: result.row.custom_id,
          result,
          standing: 'pending',
          request,
          asksForVectors,
        })
      }
      yield rows
    }
  } catch (error) {
    asFileProblem({ path, action: 'read', index: rootIndex })(error)
  } finally {
    await requests?.close()
  }
}

/** Results stand in the order of the input; what it has more are lines that repeat an id. */
async function requestOf(
  requests: RequestCursor,
  lineage: LineageFiles,
  { row }: PublishedRow,
): Promise<RequestLine> {
  const path = lineage.input ?? ''
  const request = await requests
    .find(row.custom_id)
    .catch(asFileProblem({ path, action: 'read', index: lineage.rootIndex }))
  if (request === null) throw isOfOtherInput(lineage, row.custom_id)
  return request
}

async function* unanswered(
  { rootIndex, isInDone }: LineageFiles,
  path: string,
  { fs, shouldJoinRequests, reading, warn }: LineageReading,
): AsyncGenerator<readonly ExportRow[], void, undefined> {
  const standing = isInDone ? 'without-results' : 'pending'
  const ids = new IdTable()
  let unreadable = 0
  if (isInDone) warn(`Triple ${rootIndex} is finished and its results are gone: its rows say ${standing}.`)
  try {
    for await (const batch of readRequestLines(fs, path, reading)) {
      const rows: ExportRow[] = []
      for (const line of batch) {
        if (line === null) unreadable += 1
        // An id that the input repeats is one request.
        if (line === null || !ids.addNew(line.customId)) continue
        const { customId } = line
        const request = shouldJoinRequests ? line : null
        rows.push({ rootIndex, customId, result: null, standing, request, asksForVectors: false })
      }
      yield rows
    }
  } catch (error) {
    asFileProblem({ path, action: 'read', index: rootIndex })(error)
  }
  if (unreadable > 0) warn(`${basename(path)}: ${noRequestsText(unreadable)}.`)
}

const noRequestsText = (lines: number): string =>
  `${countOf(lines, 'line')} ${lines === 1 ? 'is no request, and has' : 'are no requests, and have'} no row`

/** By the metadata, or else by the first request: a batch has one endpoint. */
async function doesAskForVectors(
  fs: FileSystem,
  { endpoint, input, rootIndex }: LineageFiles,
  { signal }: ReadLinesOptions,
): Promise<boolean> {
  const toProblem = asFileProblem({ path: input ?? '', action: 'read', index: rootIndex })
  const url = endpoint ?? (input === null ? null : await firstUrlIn(fs, input, { signal }).catch(toProblem))
  return promiseOf({ url }).shape === 'embeddings'
}

function isOfOtherInput({ input, results, rootIndex }: LineageFiles, customId: string): Error {
  const shown = JSON.stringify(customId.slice(0, 100))
  return reconciliationError(
    {
      code: 'ReconciliationFailed',
      message: `${input} has no request ${shown} where ${basename(results ?? '')} has its row; they do not belong together.`,
      hint: 'Put back the input as it was sent, or export without the requests.',
      needsPerson: true,
      facts: { input, results, customId: customId.slice(0, 200) },
    },
    { index: rootIndex },
  )
}
