import type { FileKind } from '../../machines/index.js'
import { fileKinds } from '../../machines/index.js'
import type { BatchIndex } from './batch-index.js'
import { parseBatchIndex } from './batch-index.js'

/** What a name in `workdir/` or `done/` says. */
export type BatchFileName =
  | {
      readonly type: 'batch-file'
      readonly kind: FileKind
      readonly index: BatchIndex
      /** False for a UUID in upper case: the file is used where no canonical one stands, and moves under that name. */
      readonly isCanonical: boolean
    }
  /** Looks like a batch file and is none; never adopted, only reported. */
  | { readonly type: 'near-miss'; readonly reason: string }
  /** Lines of something, under a name of somebody else's: `import` tells what it is. */
  | { readonly type: 'loose' }
  | { readonly type: 'other' }

/** The name of a batch file, such as `batch_input_7.jsonl`. */
export function batchFileName(kind: FileKind, index: BatchIndex): string {
  return `batch_${kind}_${index}.jsonl`
}

/** Where answers are kept that a later download replaced: `batch_superseded_output_7_1a2b3c4d5e6f.jsonl`. */
export function supersededFileName(kind: AnswerKind, index: BatchIndex, sha256: string): string {
  return `batch_superseded_${kind}_${index}_${sha256.slice(0, 12)}.jsonl`
}

/** Reads such a name; `null` for any other. */
export function parseSupersededFileName(
  name: string,
): { readonly kind: AnswerKind; readonly index: BatchIndex } | null {
  const [, word, text = ''] = /^batch_superseded_(output|error)_(.+)_[0-9a-f]{12}\.jsonl$/.exec(name) ?? []
  const index = parseBatchIndex(text)
  return index === null ? null : { kind: word === 'output' ? word : 'error', index }
}

type AnswerKind = Extract<FileKind, 'output' | 'error'>

/**
 * The names under which a file of the index may stand, the preferred one first. The second is there for UUIDs that
 * another tool wrote in upper case; having only one other spelling, a file is found without listing the directory.
 */
export function batchFileNames(kind: FileKind, index: BatchIndex): readonly string[] {
  const upperCase = index.toUpperCase()
  const canonical = batchFileName(kind, index)
  return upperCase === index ? [canonical] : [canonical, batchFileName(kind, upperCase)]
}

/**
 * Reads a file name. Only exactly `batch_{input,output,error,metadata}_<index>.jsonl` is a batch file. Copies, backups
 * and misspellings that people leave beside it are near misses, and so is every other `.jsonl`: it may hold answers
 * that somebody waits for.
 */
export function parseBatchFileName(name: string): BatchFileName {
  const [, word, text] = exactPattern.exec(name) ?? []
  const kind = fileKinds.find((each) => each === word)
  if (kind === undefined || text === undefined) {
    return isLookalike(name) ? nearMiss(lookalikeReason(name)) : foreignName(name)
  }
  const index = parseBatchIndex(text)
  if (index === null) return nearMiss(indexReason(text))
  if (index !== text && index.toUpperCase() !== text)
    return nearMiss('its UUID must be written in lower case')
  return { type: 'batch-file', kind, index, isCanonical: index === text }
}

const exactPattern = /^batch_(input|output|error|metadata)_([^]+)\.jsonl$/
const lookalikePattern = /^batch_(?:input|output|error|metadata)(?![a-z])/i
const other: BatchFileName = { type: 'other' }

function foreignName(name: string): BatchFileName {
  return name.startsWith('.') || !/\.jsonl$/i.test(name) ? other : { type: 'loose' }
}

function nearMiss(reason: string): BatchFileName {
  return { type: 'near-miss', reason }
}

/** Downloads of ours grow under `<name>.part`; nobody needs to hear of them. */
function isLookalike(name: string): boolean {
  if (!lookalikePattern.test(name)) return false
  return !(name.endsWith('.part') && parseBatchFileName(name.slice(0, -'.part'.length)).type === 'batch-file')
}

function lookalikeReason(name: string): string {
  if (exactPattern.test(name.toLowerCase())) return 'its name must be written in lower case'
  if (!name.endsWith('.jsonl')) return "its name must end in '.jsonl'"
  return "its name must be 'batch_<kind>_<index>.jsonl'"
}

function indexReason(text: string): string {
  if (/^0[0-9]+$/.test(text)) return `the number ${text} must be written without leading zeros`
  if (/^[0-9]+$/.test(text)) return 'its number does not fit 64 bits'
  if (text.length === 36 && /^[0-9A-Za-z-]+$/.test(text)) return 'its index looks like a UUID and is none'
  if (parseBatchIndex(leadingIndex(text)) !== null) return `something follows the index: '${text}'`
  return `'${text}' is neither a number nor a UUID`
}

function leadingIndex(text: string): string {
  return /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+)/i.exec(text)?.[0] ?? ''
}
