// Counts the ids of a triple the way a person would: `node count.mjs <naive|parse-loop|duckdb|library> <root> [module]
// [longest line in bytes]`. Prints what it found as JSON.
import { join } from 'node:path'

const [way, root, module, longestLine] = process.argv.slice(2)
const pathOf = (name) => join(root, 'workdir', `batch_${name}_7.jsonl`)
const { countIds } = await import(new URL(`count-${way}.mjs`, import.meta.url).href)
const paths = { input: pathOf('input'), output: pathOf('output'), error: pathOf('error') }
console.log(JSON.stringify(await countIds({ root, paths, module, longestLine })))
