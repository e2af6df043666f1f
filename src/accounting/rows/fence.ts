/**
 * Unwraps a block that starts with the given fence, up to the last closing fence or, without one, to the end.
 * Only a block at the very start counts: prose before a fence, or a fence of another language, stays as it is.
 *
 * @param opening the fence with its language, such as ```` ```json ````
 * @returns the text inside, trimmed; the trimmed text itself when there is no such block
 */
export function unwrapFence(text: string, opening: string): string {
  const trimmed = text.trim()
  if (!trimmed.startsWith(opening)) return trimmed
  const inside = trimmed.slice(opening.length)
  const end = inside.lastIndexOf('```')
  return (end === -1 ? inside : inside.slice(0, end)).trim()
}

/** The fence models put around JSON. */
export const jsonFence = '```json'

/** The fence models put around JSON lines. */
export const jsonLinesFence = '```jsonl'
