import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { FileSystem } from '../../workspace/file-system.js'
import { safeFileName } from '../../workspace/layout.js'

export interface RawAnswer {
  readonly fs: FileSystem
  /** `failed-json-repairs/`. */
  readonly directory: string
  readonly index: string
  readonly customId: string
  /** The answer as the model wrote it. */
  readonly rawText: string
}

/**
 * Keeps an answer that could not be read, under a name made from its id and the triple's index, so that two batches
 * do not collide. Whole or absent under its name, but not synced: it can be made again from the output file.
 *
 * @returns the path of the file
 */
export async function keepRawAnswer(answer: RawAnswer): Promise<string> {
  const { fs, directory, rawText } = answer
  const name = rawAnswerFileName(answer)
  const path = join(directory, name)
  // One name for each answer: what a crash left of an earlier try is written over.
  const temporaryPath = join(directory, temporaryNameOf(name))
  const file = await fs.open(temporaryPath, 'append')
  try {
    await file.truncate(0)
    await file.write(Buffer.from(rawText))
  } finally {
    await file.close()
  }
  await fs.rename(temporaryPath, path)
  return path
}

/** The name in `failed-json-repairs/` for an answer of a triple. */
export function rawAnswerFileName({ index, customId }: Pick<RawAnswer, 'index' | 'customId'>): string {
  return `${safeFileName(customId)}-${index}.txt`
}

/** Of the form that a run removes after a crash, and the same for each try. */
function temporaryNameOf(name: string): string {
  return `.${name}.${createHash('sha256').update(name).digest('hex').slice(0, 12)}.tmp`
}
