import { columnsOf, cutToWidth } from './terminal-text.js'
import type { Style } from './style.js'

export interface TableColumn<Row> {
  readonly title: string
  readonly isNumber?: boolean
  /** Text without control characters. */
  readonly text: (row: Row) => string
  /** Colours a cell that was cut and padded already. */
  readonly paint?: (row: Row, cell: string) => string
}

export interface TableOptions {
  readonly style: Style
  /** Width of the terminal in columns; `null` when nobody looks, then nothing is cut. */
  readonly width: number | null
}

/** Rows under a heading, as one text. On a terminal the last column gives way. */
export function tableText<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  options: TableOptions,
): string {
  return [...tableLines(columns, rows, options)].join('')
}

/** The same line by line, each with its line feed: there may be a hundred thousand. */
export function* tableLines<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  { style, width }: TableOptions,
): Generator<string, void, undefined> {
  const widths = columns.map((column) =>
    rows.reduce((widest, row) => Math.max(widest, columnsOf(column.text(row))), columnsOf(column.title)),
  )
  const lastWidth = width === null ? Infinity : roomForLast(widths, width)
  const line = (cells: readonly string[], paint: (at: number, cell: string) => string): string =>
    `${cells
      .map((cell, at) =>
        paint(at, fitted(cell, columns[at], widths[at] ?? 0, isLast(columns, at), lastWidth)),
      )
      .join(gap)
      .trimEnd()}\n`
  yield line(
    columns.map(({ title }) => title),
    (_, cell) => style.faint(cell),
  )
  for (const row of rows) {
    yield line(
      columns.map((column) => column.text(row)),
      (at, cell) => columns[at]?.paint?.(row, cell) ?? cell,
    )
  }
}

const gap = '  '
/** A last column narrower than this tells nothing; the terminal may rather wrap. */
const narrowestLast = 16

function roomForLast(widths: readonly number[], width: number): number {
  const others = widths.slice(0, -1).reduce((sum, each) => sum + each + gap.length, 0)
  return Math.max(narrowestLast, width - others)
}

function isLast(columns: readonly unknown[], at: number): boolean {
  return at === columns.length - 1
}

function fitted<Row>(
  cell: string,
  column: TableColumn<Row> | undefined,
  width: number,
  isLastColumn: boolean,
  lastWidth: number,
): string {
  if (isLastColumn && column?.isNumber !== true) return cutToWidth(cell, lastWidth)
  const padding = ' '.repeat(Math.max(0, width - columnsOf(cell)))
  return column?.isNumber === true ? padding + cell : cell + padding
}
