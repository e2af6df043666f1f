/** What can have happened to one request; the words of `outcome` in every file we write. */
export const rowClasses = [
  'success',
  'semantic',
  'rejected',
  'not-executed',
  'transient',
  'needs-person',
  'permanent',
] as const

/**
 * - `success`: an answer that passed.
 * - `semantic`: an answer that is cut, filtered, refused or empty.
 * - `rejected`: an answer that the expected content type, the schema or a callback turned down.
 * - `not-executed`: the server never ran the request.
 * - `transient`: it failed for a reason that passes by itself.
 * - `needs-person`: quota, billing, keys, or a row nobody can read.
 * - `permanent`: the same request will fail again.
 */
export type RowClass = (typeof rowClasses)[number]

/** Why a row is not a success. `code` is the server's own word where it has one; `message` is bounded. */
export interface RowError {
  readonly code: string
  readonly message: string
}

/** Where a row was read: `null` for a request that no file mentions. Lines count from 1. */
export interface RowSource {
  readonly file: 'output' | 'error' | null
  readonly line: number | null
}

/** Messages of servers can quote whole requests; more than this many characters helps nobody. */
export const maxMessageCharacters = 2_000

/** Cuts a message to what reports and files may hold. */
export function boundedMessage(message: string): string {
  return message.length <= maxMessageCharacters ? message : `${message.slice(0, maxMessageCharacters - 1)}…`
}
