import { countFault, emptyAnswer, emptyFault, type Answer, type AnswerFault } from './answer.js'
import { byIndex } from './choice-answers.js'
import { asText, isRecord, type JsonRecord } from './json-record.js'

/** Reads the vectors of an embeddings answer. `expected`: how many inputs the request has. */
export function readEmbeddings(body: JsonRecord, expected: number | null): Answer {
  const given = listIn(body['data'])
  const entries = given.filter(isRecord).toSorted(byIndex)
  const vectors = entries.map((entry) => entry['embedding'])
  return {
    ...emptyAnswer('embeddings', body),
    content: vectors.length === 1 ? vectors[0] : vectors,
    fault: vectorFault(given, entries, vectors, expected),
  }
}

/** Reads a moderation: the body is the content. */
export function readModeration(body: JsonRecord, expected: number | null): Answer {
  const results = listIn(body['results'])
  const isWhole = results.every((result) => isRecord(result) && isVerdict(result))
  return {
    ...emptyAnswer('moderations', body),
    content: body,
    fault:
      results.length === 0 || !isWhole
        ? emptyFault('A result of the moderation has no verdict.')
        : countFault(results.length, expected, 'results'),
  }
}

/** Reads generated images: the body is the content. */
export function readImages(body: JsonRecord, expected: number | null): Answer {
  const images = listIn(body['data'])
  const isWhole = images.every((image) => isRecord(image) && isImage(image))
  return {
    ...emptyAnswer('images', body),
    content: body,
    fault:
      images.length === 0 || !isWhole
        ? emptyFault('The answer has no image.')
        : countFault(images.length, expected, 'images'),
  }
}

/** True for an entry of a moderation's `results`. */
export function isVerdict(result: JsonRecord): boolean {
  return typeof result['flagged'] === 'boolean' || isRecord(result['categories'])
}

/** True for an entry of a list of generated images. */
export function isImage(image: JsonRecord): boolean {
  return asText(image['b64_json']) !== null || asText(image['url']) !== null
}

/** A list, or what stands where a list of one belongs. */
export function listIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return isRecord(value) ? [value] : []
}

function vectorFault(
  given: readonly unknown[],
  entries: readonly JsonRecord[],
  vectors: readonly unknown[],
  expected: number | null,
): AnswerFault | null {
  if (given.length === 0) return emptyFault('The answer has no vectors.')
  if (entries.length < given.length || !vectors.every(isVector)) {
    return emptyFault('An embedding in the answer has no vector of numbers.')
  }
  return countFault(vectors.length, expected, 'vectors') ?? repeatedIndex(entries) ?? unequalVectors(vectors)
}

/** Two vectors for one input leave another input without one. */
function repeatedIndex(entries: readonly JsonRecord[]): AnswerFault | null {
  const indices = entries.map((entry) => entry['index']).filter((index) => typeof index === 'number')
  if (indices.length < entries.length) return null
  return countFault(new Set(indices).size, indices.length, 'vectors, by their index')
}

/** The vectors of one model are of one length; a shorter one is cut. */
function unequalVectors(vectors: readonly (string | readonly unknown[])[]): AnswerFault | null {
  const isEqual = vectors.every((vector) => vector.length === vectors[0]?.length)
  return isEqual ? null : emptyFault('The vectors in the answer are not of one length.')
}

function isVector(value: unknown): value is string | readonly unknown[] {
  if (typeof value === 'string') return isBase64(value)
  return Array.isArray(value) && value.length > 0 && value.every(isNumber)
}

// A number that no double holds is read as infinite.
const isNumber = (item: unknown): boolean => typeof item === 'number' && Number.isFinite(item)

const isBase64 = (text: string): boolean => /^[A-Za-z0-9+/]+={0,2}$/.test(text)
