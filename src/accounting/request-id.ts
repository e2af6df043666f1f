import { type JsonObject, kindOf } from './decode-line.js'
import { maxIdLength } from './id-table.js'

export type RequestId =
  | { readonly type: 'id'; readonly id: string }
  | { readonly type: 'unreadable'; readonly reason: string }

/**
 * The `custom_id` of a parsed line. Only a non-empty string counts: `7` and `"7"` are different ids to a server,
 * so a number is never read as one. Escapes were resolved by the JSON parser; nested fields are not looked at.
 */
export function requestIdOf(value: JsonObject): RequestId {
  if (!Object.hasOwn(value, 'custom_id')) return unreadable('has no custom_id; every line needs one')
  const id = value['custom_id']
  if (typeof id !== 'string') return unreadable(`custom_id is ${kindOf(id)}; expected a string`)
  if (id === '') return unreadable('custom_id is empty')
  if (id.length > maxIdLength) return unreadable(`custom_id is longer than ${maxIdLength} characters`)
  return { type: 'id', id }
}

function unreadable(reason: string): RequestId {
  return { type: 'unreadable', reason }
}
