import { beginDurableFile, type DurableFile } from '../../workspace/durable-write.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import { systemErrorCode } from '../../workspace/system-error-code.js'
import type { Choices } from '../parse-options.js'
import type { ReadingRun } from '../run.js'
import { besideARun, hasJustGone } from './beside-a-run.js'
import type { ExportColumn } from './columns.js'
import { isUnderWay, type ExportRow } from './export-row.js'
import type { FieldColumn, FieldTally } from './fields.js'
import { tableWriters, type ExportFormat } from './format.js'
import { lookAtLineage, rootsOf } from './lineages.js'
import { rowsOfLineage } from './rows-of-lineage.js'
import { fileStands } from './target.js'

/** What an export wrote. */
export interface ExportReport {
  /** Absolute. */
  readonly path: string
  readonly format: ExportFormat
  /** In bytes. */
  readonly bytes: number
  /** In the file: one for each request of the root triples. */
  readonly rows: number
  /** Requests still under way: without a row of results, or tried again by a triple. They are rows unless they were left out. */
  readonly pending: number
  /** Lineages of which nothing stands that could be exported. */
  readonly leftOut: number
  /** What the fields of the call found. */
  readonly fields: readonly Readonly<FieldTally>[]
  /** Cells of a CSV file that a spreadsheet would take for a formula. */
  readonly formulas: number
  /** At most 20. */
  readonly warnings: readonly string[]
}

/** The file to write, and what stands in it. */
export interface ExportTarget {
  /** Absolute. */
  readonly path: string
  readonly format: ExportFormat
  readonly columns: readonly ExportColumn[]
  /** Those of the columns that the user asked for. */
  readonly fields: readonly FieldColumn[]
}

/** Writes the rows of all lineages, one lineage after the other. */
export function writeExport(run: ReadingRun, choices: Choices, target: ExportTarget): Promise<ExportReport> {
  return new Export(run, choices, target).write()
}

class Export {
  readonly #run: ReadingRun
  readonly #choices: Choices
  readonly #target: ExportTarget
  readonly #warnings = boundedList(mostWarnings)
  #bytes = 0
  #rows = 0
  #pending = 0
  #leftOut = 0
  #formulas = 0

  constructor(run: ReadingRun, choices: Choices, target: ExportTarget) {
    this.#run = run
    this.#choices = choices
    this.#target = target
  }

  async write(): Promise<ExportReport> {
    const { path } = this.#target
    const { fileSystem } = this.#run.workspace
    const toProblem = asFileProblem({ path, action: 'write' })
    const file = await beginDurableFile(fileSystem, path).catch(toProblem)
    try {
      await this.#writeTable(file)
    } catch (error) {
      await file.abort()
      throw error
    }
    if (this.#choices.shouldOverwrite) await file.commit().catch(toProblem)
    else await file.commitNew().catch(standsOr(path, toProblem))
    return this.#report()
  }

  async #writeTable(file: DurableFile): Promise<void> {
    const { format, columns, path } = this.#target
    const sink = async (bytes: Uint8Array): Promise<void> => {
      await file.write(bytes).catch(asFileProblem({ path, action: 'write' }))
      this.#bytes += bytes.byteLength
    }
    const writer = await tableWriters[format](columns, sink, {
      isForSpreadsheet: this.#choices.isForSpreadsheet,
      onFormulas: (cells) => void (this.#formulas += cells),
    })
    for await (const rows of this.#rowsOfAll())
      await writer.write(rows.map((row) => columns.map(({ cellOf }) => cellOf(row))))
    await writer.finish()
  }

  async *#rowsOfAll(): AsyncGenerator<readonly ExportRow[], void, undefined> {
    const { workspace, report } = this.#run
    const roots = await rootsOf(workspace)
    report({ type: 'workspace.scanned', triples: roots.length, totalBytes: 0 })
    for (const index of roots) yield* this.#rowsOf(index)
  }

  /** Where a run moves a file between the look and the reading, the lineage is looked at again: no row was given yet. */
  async *#rowsOf(index: string): AsyncGenerator<readonly ExportRow[], void, undefined> {
    for (let looks = 1; ; looks += 1) {
      let hasBegun = false
      try {
        for await (const rows of await this.#lookAndRead(index)) {
          hasBegun = true
          yield this.#taken(rows)
        }
        return
      } catch (error) {
        if (hasBegun || looks === mostLooks || !hasJustGone(error)) throw error
      }
    }
  }

  async #lookAndRead(index: string): Promise<AsyncIterable<readonly ExportRow[]>> {
    const { workspace, signal, report } = this.#run
    const lineage = await lookAtLineage(workspace, index)
    if (lineage.results === null && lineage.input === null) {
      this.#leftOut += 1
      this.#warnings.add(`Neither the input nor the results of triple ${index} are here: it has no rows.`)
    }
    return rowsOfLineage(lineage, {
      fs: besideARun(workspace.fileSystem),
      shouldJoinRequests: this.#choices.shouldJoinRequests,
      warn: this.#warnings.add,
      reading: { signal, onChunk: ({ length }) => report({ type: 'bytes.read', index, bytes: length }) },
    })
  }

  #taken(rows: readonly ExportRow[]): readonly ExportRow[] {
    const settled = rows.filter((row) => !isUnderWay(row))
    this.#pending += rows.length - settled.length
    const taken = this.#choices.shouldSkipPending ? settled : rows
    this.#rows += taken.length
    return taken
  }

  #report(): ExportReport {
    const { path, format, fields } = this.#target
    return {
      path,
      format,
      bytes: this.#bytes,
      rows: this.#rows,
      pending: this.#pending,
      leftOut: this.#leftOut,
      fields: fields.map(({ tally }) => tally),
      formulas: this.#formulas,
      warnings: this.#warnings.all(),
    }
  }
}

const mostWarnings = 20
const mostLooks = 3

/** Keeps so many messages, and how many more there were. */
function boundedList(most: number): { add: (message: string) => void; all: () => readonly string[] } {
  const kept: string[] = []
  let more = 0
  return {
    add: (message) => void (kept.length < most - 1 ? kept.push(message) : (more += 1)),
    all: () => (more === 0 ? kept : [...kept, `And ${more} more of the kind.`]),
  }
}

const standsOr =
  (path: string, otherwise: (error: unknown) => never) =>
  (error: unknown): never => {
    if (systemErrorCode(error) === 'EEXIST') throw fileStands(path)
    return otherwise(error)
  }
