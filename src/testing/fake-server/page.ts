import { refuse } from './refusal.js'

/** One page of a list as the API sends it. */
export interface Page<Item> {
  readonly object: 'list'
  readonly data: readonly Item[]
  readonly first_id: string | null
  readonly last_id: string | null
  readonly has_more: boolean
}

/** Cuts the page that `limit` and `after` ask for out of `items`, which are in the order of the list. */
export function pageOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  query: URLSearchParams,
  limits: { readonly default: number; readonly maximum: number },
): Page<Item> {
  const limit = limitOf(query, limits)
  const start = startOf(items, query.get('after'))
  const data = items.slice(start, start + limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < items.length,
  }
}

function limitOf(
  query: URLSearchParams,
  limits: { readonly default: number; readonly maximum: number },
): number {
  const text = query.get('limit')
  if (text === null) return limits.default
  const limit = Number(text)
  if (!Number.isInteger(limit))
    throw limitRefusal(`expected an integer, but got '${text}' instead.`, 'invalid_type')
  if (limit < 1)
    throw limitRefusal(`expected a value >= 1, but got ${limit} instead.`, 'integer_below_min_value')
  if (limit > limits.maximum) {
    throw limitRefusal(
      `expected a value <= ${limits.maximum}, but got ${limit} instead.`,
      'integer_above_max_value',
    )
  }
  return limit
}

function limitRefusal(detail: string, code: string) {
  return refuse({ status: 400, message: `Invalid 'limit': ${detail}`, param: 'limit', code })
}

function startOf(items: readonly { readonly id: string }[], after: string | null): number {
  if (after === null) return 0
  const index = items.findIndex(({ id }) => id === after)
  if (index === -1)
    throw refuse({ status: 400, message: `Invalid 'after': no object ${after}.`, param: 'after' })
  return index + 1
}
