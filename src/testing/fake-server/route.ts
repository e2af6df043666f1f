import type { Operation } from './wire.js'

/** Which operation a call names and on which object; `null` when this API has no such path. */
export interface Route {
  readonly operation: Operation
  /** The file or batch in the path; `''` where there is none. */
  readonly id: string
}

/**
 * Reads method and path. Whatever stands before `/files` or `/batches` is the base URL
 * (`/v1`, `/openai/v1`, `/compatible-mode/v1`, …) and is not looked at.
 */
export function routeOf(method: string, pathname: string): Route | null {
  const parts = /\/(files|batches)(?:\/([^/]*)(?:\/(content|cancel))?)?\/?$/.exec(pathname)
  if (parts === null) return null
  const [, collection, encodedId, action] = parts
  const operation = operationOf(
    `${method} ${collection}${encodedId === undefined ? '' : '/id'}${action ? `/${action}` : ''}`,
  )
  return operation === null ? null : { operation, id: decodeURIComponent(encodedId ?? '') }
}

function operationOf(shape: string): Operation | null {
  return operationsByShape.get(shape) ?? null
}

const operationsByShape: ReadonlyMap<string, Operation> = new Map([
  ['POST files', 'files.create'],
  ['GET files', 'files.list'],
  ['GET files/id', 'files.retrieve'],
  ['DELETE files/id', 'files.delete'],
  ['GET files/id/content', 'files.content'],
  ['POST batches', 'batches.create'],
  ['GET batches', 'batches.list'],
  ['GET batches/id', 'batches.retrieve'],
  ['POST batches/id/cancel', 'batches.cancel'],
])
