import type { ReadStream, WriteStream } from 'node:tty'

/** Puts a question to a person and gives what was typed; an empty text when the input ended. */
export type Ask = (question: string) => Promise<string>

/** `null` where nobody can be asked: input or output is no terminal. */
export function askAtTerminal(input: ReadStream, output: WriteStream, signal: AbortSignal): Ask | null {
  if (!input.isTTY || !output.isTTY) return null
  return async (question) => {
    const { createInterface } = await import('node:readline/promises')
    const reading = createInterface({ input, output })
    const ended = new Promise<string>((resolve) => reading.once('close', () => resolve('')))
    try {
      return await Promise.race([reading.question(question, { signal }), ended])
    } finally {
      reading.close()
    }
  }
}

/** Only a clear yes is one. */
export const isYes = (answer: string): boolean => /^\s*y(es)?\s*$/i.test(answer)
