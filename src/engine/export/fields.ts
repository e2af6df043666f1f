import { memberTexts } from '../../accounting/json-text/top-level-member.js'
import type { PublishedRow } from '../../accounting/results/published-rows.js'
import { RawJson } from '../../accounting/json-text/raw-json.js'
import type { Cell, ColumnType } from './cells.js'
import type { ExportColumn } from './columns.js'
import type { ExportRow } from './export-row.js'

/** The types that a field may have. `json` takes everything. */
export const fieldTypes = ['text', 'integer', 'number', 'boolean', 'json'] as const
type FieldType = Extract<ColumnType, (typeof fieldTypes)[number]>

/** A member of JSON answers that gets a column of its own. */
export interface ExportField {
  readonly column: string
  /** Names of members, from the outermost in. */
  readonly path: readonly string[]
  readonly type: FieldType
}

/** How a field is written, for messages. */
export const fieldForm = `[column=]member[.member…][:type], with a type of ${fieldTypes.join(', ')}`

/**
 * Reads `year:integer`, `address.city` or `town=address.city:text`; `null` for anything else.
 *
 * @example parseField('year:integer') // { column: 'year', path: ['year'], type: 'integer' }
 */
export function parseField(text: string): ExportField | null {
  const [, column, path = '', type = 'text'] = fieldPattern.exec(text) ?? []
  const members = path.split('.')
  const known = fieldTypes.find((one) => one === type)
  if (known === undefined || members.includes('')) return null
  return { column: column ?? path, path: members, type: known }
}

const fieldPattern = /^(?:([^=:]{1,200})=)?([^=:]{1,1000})(?::([a-z]+))?$/

/** What the rows held of a field. */
export interface FieldTally {
  readonly column: string
  /** Rows with a value. */
  filled: number
  /** Rows whose value is of another type; their cell is `null`. */
  misfits: number
}

export interface FieldColumn extends ExportColumn {
  readonly tally: FieldTally
}

/** Columns for these fields. What an answer holds is looked through once for all of them. */
export function fieldColumns(fields: readonly ExportField[]): readonly FieldColumn[] {
  const membersOf = lastOnly(contentMembers)
  return fields.map((field) => fieldColumn(field, membersOf))
}

type Members = ReadonlyMap<string, string>

function fieldColumn(
  { column: name, path, type }: ExportField,
  membersOf: (row: PublishedRow) => Members | null,
): FieldColumn {
  const tally: FieldTally = { column: name, filled: 0, misfits: 0 }
  const cellOf = ({ result }: ExportRow): Cell => {
    const text = result === null ? null : memberAt(membersOf(result), path)
    if (text === null || text === 'null') return null
    const cell = cellsByType[type](text)
    if (cell === null) tally.misfits += 1
    else tally.filled += 1
    return cell
  }
  return { name, type, isRequired: false, cellOf, tally }
}

function memberAt(outermost: Members | null, [member = '', ...inside]: readonly string[]): string | null {
  let text = outermost?.get(member)
  for (const name of inside) text = text === undefined ? undefined : membersOfObject(text)?.get(name)
  return text ?? null
}

/** Of the content of an answer, or of what it holds as text; `null` for anything but an object. */
function contentMembers({ row, texts }: PublishedRow): Members | null {
  const { content } = row
  if (typeof content !== 'string') return membersOfObject(texts.get('content') ?? '')
  return isJson(content) ? membersOfObject(content.trim()) : null
}

const membersOfObject = (text: string): Members | null => (text.startsWith('{') ? memberTexts(text) : null)

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Keeps what was made of the last thing it was asked for. */
function lastOnly<From extends object, To>(make: (from: From) => To): (from: From) => To {
  let last: { readonly from: From; readonly to: To } | null = null
  return (from) => {
    if (last?.from !== from) last = { from, to: make(from) }
    return last.to
  }
}

/** The value of a JSON text as a cell; `null` when it is of another type. */
const cellsByType: Readonly<Record<FieldType, (text: string) => Cell>> = {
  text: (text) => (text.startsWith('"') ? String(JSON.parse(text)) : null),
  integer: (text) => (isNumber(text) ? integerOf(text) : null),
  number: (text) => (isNumber(text) && Number.isFinite(Number(text)) ? Number(text) : null),
  boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : null),
  json: (text) => new RawJson(text),
}

const isNumber = (text: string): boolean => /^[-0-9]/.test(text)

/** From the digits where there are only digits: a double would round them. */
function integerOf(text: string): bigint | null {
  if (!/^-?\d+$/.test(text)) {
    const value = Number(text)
    return Number.isSafeInteger(value) ? BigInt(value) : null
  }
  const value = text.length > mostDigits ? null : BigInt(text)
  return value === null || BigInt.asIntN(64, value) !== value ? null : value
}

/** Of a number of 64 bits, with its sign. */
const mostDigits = 20
