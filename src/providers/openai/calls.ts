import { reconciliationError } from '../../errors.js'
import type { Action, ServerCall } from './send.js'

/** The calls of the files and batches API (OpenAI API reference) that this provider makes, as data. */
export function createFileCall(
  file: File,
  limitMs: number,
  extraFields: Readonly<Record<string, string>> = {},
): ServerCall {
  const body = new FormData()
  // First: some servers read no further than the file.
  for (const [name, value] of Object.entries(extraFields)) body.set(name, value)
  body.set('file', file)
  body.set('purpose', 'batch')
  return { action: 'files.create', method: 'post', path: '/files', body, limitMs }
}

export function listFilesCall(query: Readonly<Record<string, string | number>>): ServerCall {
  return { ...get('files.list', '/files'), query }
}

export function retrieveFileCall(fileId: string): ServerCall {
  return get('files.retrieve', `/files/${segment(fileId)}`)
}

/** Compressed bodies are not asked for: cut ones end without an error (undici, Node 20 and 22). */
export function fileContentCall(fileId: string): ServerCall {
  const headers = { Accept: 'application/binary', 'Accept-Encoding': 'identity' }
  return { ...get('files.content', `/files/${segment(fileId)}/content`), headers }
}

export function deleteFileCall(fileId: string): ServerCall {
  return { action: 'files.delete', method: 'delete', path: `/files/${segment(fileId)}` }
}

export function createBatchCall(body: object): ServerCall {
  return { action: 'batches.create', method: 'post', path: '/batches', body }
}

export function listBatchesCall(query: Readonly<Record<string, string | number>>): ServerCall {
  return { ...get('batches.list', '/batches'), query }
}

export function retrieveBatchCall(batchId: string): ServerCall {
  return get('batches.retrieve', `/batches/${segment(batchId)}`)
}

export function cancelBatchCall(batchId: string): ServerCall {
  return { action: 'batches.cancel', method: 'post', path: `/batches/${segment(batchId)}/cancel` }
}

const get = (action: Action, path: string): ServerCall => ({ action, method: 'get', path })

/** Ids come from servers and from people: `..` would name another path, and half a surrogate cannot be encoded. */
function segment(id: string): string {
  if (id !== '.' && id !== '..') return encodeURIComponent(Buffer.from(id).toString())
  throw reconciliationError({
    code: 'RequestRefused',
    message: `"${id}" is no id of a file or batch; nothing was asked.`,
    hint: 'Compare the ids in the metadata of the triple with those on the server.',
    needsPerson: true,
    facts: { id, isSent: false },
  })
}
