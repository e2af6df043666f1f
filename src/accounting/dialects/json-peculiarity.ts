import {
  advice,
  escapedControls,
  noNumberToNull,
  oneObjectPerLine,
  pythonToJson,
  withoutComments,
  withoutTrailingCommas,
} from './cures.js'
import type { Dialect } from './dialect.js'

/** Why a text is nearly JSON lines, and where the first sign of it stands. */
export interface Peculiarity {
  readonly kind: PeculiarityKind
  /** In characters, from 0. */
  readonly at: number
}

export const peculiarities = {
  'many-lines': { name: 'one JSON object over many lines', cure: oneObjectPerLine },
  'several-objects': { name: 'several JSON objects on one line', cure: oneObjectPerLine },
  'comma-between': { name: 'JSON objects with a comma between the lines', cure: oneObjectPerLine },
  'trailing-comma': { name: 'JSON with a comma before a closing bracket', cure: withoutTrailingCommas },
  'no-number': { name: 'JSON with NaN or Infinity, which JSON does not have', cure: noNumberToNull },
  python: { name: 'Python literals (single quotes, None, True)', cure: pythonToJson },
  comment: { name: 'JSON with comments', cure: withoutComments },
  'control-character': { name: 'JSON with a bare line break or tab inside a text', cure: escapedControls },
  'bare-word': {
    name: 'JavaScript literals (names without quotes)',
    cure: advice('Write it anew with JSON.stringify, one object a line'),
  },
} satisfies Readonly<Record<string, Dialect>>

export type PeculiarityKind = keyof typeof peculiarities

/** Characters of a text that are looked at: enough for any line that people write, and bounded. */
const lookedAtLength = 1024 * 1024

/** The first thing in a text that keeps it from being JSON objects, one a line; `null` when none is known. */
export function findPeculiarity(text: string): Peculiarity | null {
  if (!/^\s*(?:[{[]|\/[/*])/.test(text)) return null
  const reading: Reading = { depth: 0, before: '' }
  for (const { 0: piece, index } of text.slice(0, lookedAtLength).matchAll(token)) {
    const kind = kindOfToken(piece, reading, text[index + piece.length])
    if (kind === 'cut') return null
    if (kind !== null) return { kind, at: index }
    const isSpace = piece.trim() === ''
    if (!isSpace) reading.before = piece
    else if (reading.depth === 0 && piece.includes('\n')) reading.before = ''
    reading.depth += depthChange(piece)
  }
  return null
}

interface Reading {
  /** Objects and arrays that are open. */
  depth: number
  /** The token before, not counting space; none at the beginning of a line between two objects. */
  before: string
}

/** A text that does not end takes the rest: it may be cut by the end of what is looked at. */
const token =
  /\s+|"[^"\\]*(?:\\[^][^"\\]*)*(?:"|$)|-?(?:NaN|Infinity)\b|[A-Za-z_$][\w$]*|[\d.eE+-]+|\/\/|\/\*|[^]/g

type Finding = PeculiarityKind | 'cut' | null

function kindOfToken(piece: string, { depth, before }: Reading, next: string | undefined): Finding {
  if (piece.startsWith('"')) return kindOfString(piece)
  if (piece.trim() === '') return depth > 0 && piece.includes('\n') ? kindOfBreak(before, next) : null
  if (depth === 0 && piece === ',') return 'comma-between'
  if (depth === 0 && before === '}' && /[{\\]/.test(piece)) return 'several-objects'
  if (before === ',' && /[}\]]/.test(piece)) return 'trailing-comma'
  return signs.find(({ pattern }) => pattern.test(piece))?.kind ?? null
}

/** A line that was cut inside a text: the next line seems to belong to it. */
const nextLineInside = /\n\s*\{\s*"/

function kindOfString(piece: string): Finding {
  if (nextLineInside.test(piece)) return 'cut'
  // NUL bytes are a write that was lost, and no line break.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\x01-\x1f]/.test(piece) ? 'control-character' : null
}

/** An object that goes on behind a line break, or the end of a cut line and the object of the next one. */
function kindOfBreak(before: string, next: string | undefined): Finding {
  return next === '{' && before !== '[' && before !== ',' ? 'cut' : 'many-lines'
}

const signs: readonly { readonly pattern: RegExp; readonly kind: PeculiarityKind }[] = [
  { pattern: /^-?(?:NaN|Infinity)$/, kind: 'no-number' },
  { pattern: /^(?:'|None$|True$|False$)/, kind: 'python' },
  { pattern: /^\/[/*]$/, kind: 'comment' },
  { pattern: /^(?!(?:true|false|null|[eE])$)[A-Za-z_$]/, kind: 'bare-word' },
]

function depthChange(piece: string): number {
  if (piece === '{' || piece === '[') return 1
  return piece === '}' || piece === ']' ? -1 : 0
}
