import { digest } from './deterministic.js'
import { pageOf, type Page } from './page.js'
import { refuse } from './refusal.js'
import { findFile } from './settle.js'
import type { ServerState, StoredFile } from './state.js'
import { isJsonObject, type FileObject } from './wire.js'

const purposes: ReadonlySet<string> = new Set([
  'assistants',
  'batch',
  'fine-tune',
  'vision',
  'user_data',
  'evals',
])

const thirtyDaysMs = 30 * 24 * 3600 * 1000

/** `POST /files`: keeps the upload, after the checks OpenAI makes at once. Later bad lines pass, as they do there. */
export async function createFile(state: ServerState, request: Request): Promise<FileObject> {
  const form = await formOf(request)
  const purpose = form.get('purpose')
  const upload = form.get('file')
  if (upload === null || typeof upload === 'string') throw missing('file')
  if (typeof purpose !== 'string') throw missing('purpose')
  if (!purposes.has(purpose))
    throw invalid('purpose', `'${purpose}' is not one of ${[...purposes].join(', ')}.`)
  const bytes = new Uint8Array(await upload.arrayBuffer())
  checkUpload(state, upload.name, purpose, bytes)
  const keepMs = keepUploadMs(form) ?? (purpose === 'batch' ? thirtyDaysMs : null)
  return fileObject(storeUpload(state, { filename: upload.name, purpose, bytes }, keepMs))
}

/** `GET /files`: newest first unless `order=asc`, filtered by `purpose`. */
export function listFiles(state: ServerState, query: URLSearchParams): Page<FileObject> {
  const purpose = query.get('purpose')
  const files = [...state.files.values()]
    .filter((file) => findFile(state, file.id) !== null && (purpose === null || file.purpose === purpose))
    .map(fileObject)
  const ordered = query.get('order') === 'asc' ? files : files.toReversed()
  return pageOf(ordered, query, { default: 10_000, maximum: 10_000 })
}

/** `GET /files/{id}` and the file behind `GET /files/{id}/content`. */
export function existingFile(state: ServerState, id: string): StoredFile {
  const file = findFile(state, id)
  if (file === null) throw refuse({ status: 404, message: `No such File object: ${id}`, param: 'id' })
  return file
}

/** `DELETE /files/{id}`. */
export function deleteFile(state: ServerState, id: string) {
  existingFile(state, id)
  state.files.delete(id)
  return { id, object: 'file', deleted: true } as const
}

export function fileObject(file: StoredFile): FileObject {
  return {
    id: file.id,
    object: 'file',
    bytes: file.bytes.byteLength,
    created_at: Math.floor(file.createdAtMs / 1000),
    expires_at: file.expiresAtMs === null ? null : Math.floor(file.expiresAtMs / 1000),
    filename: file.filename,
    purpose: file.purpose,
    status: 'processed',
    status_details: null,
  }
}

async function formOf(request: Request): Promise<FormData> {
  try {
    return await request.formData()
  } catch {
    throw refuse({ status: 400, message: 'The body of an upload must be multipart/form-data.' })
  }
}

function storeUpload(
  state: ServerState,
  upload: Pick<StoredFile, 'filename' | 'purpose' | 'bytes'>,
  keepMs: number | null,
): StoredFile {
  const createdAtMs = state.now()
  const id = `file-${digest(state.seed, ['upload', ++state.uploads], 22)}`
  const file = { id, ...upload, createdAtMs, expiresAtMs: keepMs === null ? null : createdAtMs + keepMs }
  state.files.set(id, file)
  return file
}

function checkUpload(state: ServerState, filename: string, purpose: string, bytes: Uint8Array): void {
  if (bytes.byteLength === 0) throw invalid('file', 'the file is empty.')
  if (purpose !== 'batch') return
  if (!filename.endsWith('.jsonl')) {
    throw refuse({ status: 400, message: 'Invalid file format for Batch API. Must be .jsonl', param: 'file' })
  }
  if (bytes.byteLength > state.settings.limits.inputBytes) {
    throw refuse({ status: 400, message: 'File is too large.', param: 'file' })
  }
  if (!isFirstLineJson(bytes))
    throw invalid('file', 'invalid file format; every line of a .jsonl file must be JSON.')
}

/** The upload looks no further than the first line that is not blank (litellm PR #37527, live trace). */
function isFirstLineJson(bytes: Uint8Array): boolean {
  const lines = new TextDecoder().decode(bytes).split('\n')
  const first = lines.find((line) => line.trim() !== '') ?? ''
  try {
    return isJsonObject(JSON.parse(first))
  } catch {
    return false
  }
}

function keepUploadMs(form: FormData): number | null {
  const seconds = form.get('expires_after[seconds]')
  if (seconds === null) return null
  return expirySeconds(Number(seconds), form.get('expires_after[anchor]'), 'expires_after') * 1000
}

/** Checks an expiration policy: an hour to 30 days after creation. Gives its seconds. */
export function expirySeconds(seconds: unknown, anchor: unknown, param: string): number {
  if (anchor !== 'created_at') throw invalid(`${param}.anchor`, "the only anchor is 'created_at'.")
  const isInRange =
    typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 3600 && seconds <= 2_592_000
  if (!isInRange) throw invalid(`${param}.seconds`, 'expected an integer from 3600 to 2592000.')
  return seconds
}

function missing(param: string) {
  return refuse({
    status: 400,
    message: `Missing required parameter: '${param}'.`,
    param,
    code: 'missing_required_parameter',
  })
}

function invalid(param: string, detail: string) {
  return refuse({ status: 400, message: `Invalid '${param}': ${detail}`, param, code: 'invalid_value' })
}
