/**
 * Makes a function that loads something when it is called first, and gives the same thing from then on. For modules
 * that take longer to load than most calls take to answer.
 *
 * @example const loadSchema = onFirstUse(async () => (await import('./metadata-schema.js')).metadataSchema)
 */
export function onFirstUse<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loading: Promise<Value> | null = null
  return () => (loading ??= load())
}
