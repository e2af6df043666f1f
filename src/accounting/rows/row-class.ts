export { rowClasses, type RowClass } from '../../../machines/index.js'

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
