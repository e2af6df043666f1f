/** The last work for each key that has not ended yet. One process works on a workspace, so this is all there is. */
const lastOf = new Map<string, Promise<unknown>>()

/**
 * Runs work on one thing after the other, in the order it was asked for. Triples of one lineage share their results
 * file, and each reads all of it before it writes all of it: at the same time, one would undo the other.
 *
 * @param key names the thing, such as an absolute path
 */
export async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = lastOf.get(key) ?? Promise.resolve()
  const mine = before.then(work, work)
  lastOf.set(key, mine)
  try {
    return await mine
  } finally {
    if (lastOf.get(key) === mine) lastOf.delete(key)
  }
}
