import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { idSets } from './id-sets.mjs'

/** As it stands in every tutorial. */
export async function countIds({ paths }) {
  const sets = idSets()
  for await (const line of linesOf(paths.input)) sets.addRequest(JSON.parse(line).custom_id)
  for await (const line of linesOf(paths.output)) sets.addAnswer(JSON.parse(line).custom_id)
  for await (const line of linesOf(paths.error)) sets.addAnswer(JSON.parse(line).custom_id)
  return sets.counts()
}

const linesOf = (path) => createInterface({ input: createReadStream(path), crlfDelay: Infinity })
