import { createHash, randomUUID } from 'node:crypto'
import { reconciliationError } from '../errors.js'

/**
 * The local identity of a batch, in its one canonical spelling: a decimal number of at most 64 bits without
 * leading zeros, or a UUID of any version in lower case. Kept as text, because such a number does not fit
 * a JavaScript number.
 */
export type BatchIndex = string

/** The canonical spelling of `text`, or `null` when it is no index. `04` is none; an upper-case UUID is one. */
export function parseBatchIndex(text: string): BatchIndex | null {
  if (isNumberIndex(text)) return text
  const lowerCase = text.toLowerCase()
  return uuidPattern.test(lowerCase) ? lowerCase : null
}

/** As `parseBatchIndex`; throws `InvalidBatchIndex` where it gives `null`. */
export function requireBatchIndex(text: string): BatchIndex {
  const index = parseBatchIndex(text)
  if (index !== null) return index
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  throw reconciliationError({
    code: 'InvalidBatchIndex',
    message: `'${shown}' is no batch index; a number from 0 to ${largestNumber} without leading zeros, or a UUID, was expected.`,
    hint: 'Take the index from a file name: batch_input_<index>.jsonl.',
    facts: { text: shown },
  })
}

export function batchIndexKind(index: BatchIndex): 'number' | 'uuid' {
  return index.includes('-') ? 'uuid' : 'number'
}

/** Orders numbers by value and puts them before UUIDs, which go by their text (as the seed orders them). */
export function compareBatchIndices(left: BatchIndex, right: BatchIndex): number {
  const isLeftUuid = batchIndexKind(left) === 'uuid'
  const isRightUuid = batchIndexKind(right) === 'uuid'
  if (isLeftUuid !== isRightUuid) return isLeftUuid ? 1 : -1
  if (!isLeftUuid && left.length !== right.length) return left.length - right.length
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** A fresh random index (UUID version 4). */
export function newBatchIndex(): BatchIndex {
  return randomUUID()
}

/**
 * An index made from what the triple is of, such as the requests of a retry: the same `seed` always gives the same
 * index, so one that a crash cut short is found again instead of being sent twice (UUID version 8, RFC 9562 section 5.8).
 */
export function derivedBatchIndex(seed: string): BatchIndex {
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

const largestNumber = '18446744073709551615'
const numberPattern = /^(?:0|[1-9][0-9]{0,19})$/
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function isNumberIndex(text: string): boolean {
  if (!numberPattern.test(text)) return false
  return text.length < largestNumber.length || text <= largestNumber
}
