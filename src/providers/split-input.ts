import { GrowableColumn } from '../accounting/growable-column.js'
import { readLines, type Line } from '../accounting/line-reader.js'
import { reconciliationError } from '../errors.js'
import type { FileSystem, OpenFile } from '../workspace/file-system.js'
import { checkRequestLine, type RequestFacts } from './check-request-line.js'

/** What one batch may hold; a server's quirks have these fields. */
export interface InputLimits {
  readonly maxRequests: number
  readonly maxInputBytes: number
  readonly maxEmbeddingInputs: number | null
}

/** Bytes of the requests file from `start` up to, not with, `end`: whole lines without the last line break. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** One batch's share of a requests file. */
export interface InputPart {
  readonly url: string
  readonly model: string | null
  readonly requestCount: number
  /** Size of the part as a file of its own, one line break behind each range. */
  readonly bytes: number
  readonly embeddingInputs: number
  /** In the order of the file; neighbouring lines are one range. */
  readonly ranges: readonly ByteRange[]
  readonly firstLine: number
}

export interface SplitPlanner {
  /** Gives the position of the part that takes the line. */
  readonly add: (line: Line, facts: RequestFacts) => number
  /** The parts so far, in the order of their first lines. */
  readonly parts: () => readonly InputPart[]
}

/**
 * Deals lines to parts, each with one url and one model and within the limits of one batch. The order of lines is
 * kept, and a file that fits into one batch becomes one part.
 */
export function createSplitPlanner(limits: InputLimits): SplitPlanner {
  const parts: OpenPart[] = []
  const open = new Map<string, OpenPart>()
  return {
    add: (line, facts) => {
      const key = JSON.stringify([facts.url, facts.model])
      const current = open.get(key)
      const part =
        current !== undefined && hasRoom(current, line, facts, limits)
          ? current
          : newPart(line, facts, parts.length)
      if (part !== current) parts.push(part)
      open.set(key, part)
      addLine(part, line, facts)
      return part.position
    },
    parts: () => parts,
  }
}

/** Some of a file's requests, dealt to parts. */
export interface PartsPlan {
  readonly parts: readonly InputPart[]
  /** Position of the part that takes a request, by the request's number in the file from 0. */
  readonly partOf: Pick<GrowableColumn, 'get'>
}

/**
 * Deals the wanted requests of a file to parts. The file was validated before. Memory: four bytes a request.
 *
 * @param isWanted asked once for each request, by its number in the file from 0
 */
export async function planParts(
  fs: FileSystem,
  path: string,
  limits: InputLimits,
  isWanted: (request: number) => boolean,
  signal?: AbortSignal,
): Promise<PartsPlan> {
  const planner = createSplitPlanner(limits)
  const partOf = new GrowableColumn(Uint32Array)
  let request = -1
  for await (const lines of readLines(fs, path, { signal })) {
    for (const line of lines) {
      request += 1
      const facts = isWanted(request) ? checkRequestLine(line).facts : null
      if (facts !== null) partOf.set(request, planner.add(line, facts))
    }
  }
  return { parts: planner.parts(), partOf }
}

/**
 * The bytes of one part, in pieces: its lines as they stand in the file, without a byte order mark or blank lines,
 * the last one ended by a line break. Rejects with `FileChangedDuringRun` when the file became shorter.
 */
export async function* readPart(
  fs: FileSystem,
  path: string,
  part: InputPart,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await fs.open(path, 'read')
  try {
    for (const range of part.ranges) {
      yield* readRange(file, path, range)
      yield lineBreak
    }
  } finally {
    await file.close()
  }
}

const lineBreak: Uint8Array = new Uint8Array([0x0a])
const pieceBytes = 512 * 1024

interface OpenPart extends InputPart {
  readonly position: number
  requestCount: number
  bytes: number
  embeddingInputs: number
  readonly ranges: { readonly start: number; end: number }[]
  lastLine: number
}

function newPart({ number }: Line, { url, model }: RequestFacts, position: number): OpenPart {
  return {
    position,
    url,
    model,
    requestCount: 0,
    bytes: 0,
    embeddingInputs: 0,
    ranges: [],
    firstLine: number,
    lastLine: 0,
  }
}

function hasRoom(
  part: OpenPart,
  line: Line,
  { embeddingInputs }: RequestFacts,
  limits: InputLimits,
): boolean {
  return (
    part.requestCount < limits.maxRequests &&
    part.bytes + addedBytes(part, line) <= limits.maxInputBytes &&
    part.embeddingInputs + embeddingInputs <= (limits.maxEmbeddingInputs ?? Infinity)
  )
}

function addLine(part: OpenPart, line: Line, { embeddingInputs }: RequestFacts): void {
  part.bytes += addedBytes(part, line)
  const end = line.offset + line.length
  const previous = part.ranges.at(-1)
  if (previous !== undefined && isNext(part, line)) previous.end = end
  else part.ranges.push({ start: line.offset, end })
  part.requestCount += 1
  part.embeddingInputs += embeddingInputs
  part.lastLine = line.number
}

/** Only a line break lies between the two (LF or CRLF): blank lines have numbers of their own. */
function isNext(part: OpenPart, line: Line): boolean {
  return line.number === part.lastLine + 1
}

function addedBytes(part: OpenPart, line: Line): number {
  const previous = part.ranges.at(-1)
  if (previous === undefined || !isNext(part, line)) return line.length + 1
  return line.offset + line.length - previous.end
}

async function* readRange(
  file: OpenFile,
  path: string,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end;) {
    const piece = new Uint8Array(Math.min(pieceBytes, end - position))
    const count = await file.read(piece, position)
    if (count === 0) throw becameShorter(path, position, end)
    yield piece.subarray(0, count)
    position += count
  }
}

function becameShorter(path: string, position: number, end: number): Error {
  return reconciliationError({
    code: 'FileChangedDuringRun',
    message: `${path} became shorter while it was split: it ends at byte ${position}, expected at least ${end}.`,
    hint: 'Run again once nothing else writes to the file.',
    isPassing: true,
    facts: { path, position, end },
  })
}
