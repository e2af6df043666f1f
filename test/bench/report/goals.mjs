// What the figures are to be, at the sizes of `--full`. A figure without a goal is told all the same.
const atLeast = (value, unit = '×') => ({ bound: '≥', value, unit })
const atMost = (value, unit = '×') => ({ bound: '≤', value, unit })

/** Peak memory of one process that works on one triple, however large. */
export const flatMemory = atMost(160, 'MB')

/** By kind of data: `plan` against naive, wall. */
export const proofAgainstNaive = {
  chat: atLeast(7),
  'long chat': atLeast(6),
  embeddings: atLeast(4),
  'custom_id last': atLeast(6),
}
export const proofAgainstNaiveCpu = { chat: atLeast(4.5) }
export const proofAgainstDuckDb = { chat: atLeast(1) }
/** By the longest line it takes: as long as this takes them. */
export const memoryAgainstDuckDb = { 'DuckDB, long lines': { chat: atMost(0.2) } }

export const wholeRun = { text: atLeast(3), json: atLeast(1.5) }

export const tenMillionIds = atMost(700, 'MB')

export const smallTriples = { cpu: atMost(1.5, 'ms'), wall: atMost(1), linearity: atMost(1.2) }

export const listing = { wall: atMost(2, 's'), memory: atMost(200, 'MB'), reads: atMost(1, '') }

export const watching = { memory: atMost(600, 'MB'), calls: atMost(1000, ''), idle: atMost(1, '%') }

export const download = { withProof: atMost(1.3), readAgain: atMost(0, '× their bytes') }

export const startup = { help: atMost(1.5), status: atMost(2), import: atMost(2) }

export const inspection = atMost(1.2)

export const register = atMost(250, 'MB')

export const workers = { cpu: atMost(1.25), two: atLeast(1.7) }

export function isMet({ bound, value }, seen) {
  return bound === '≥' ? seen >= value : seen <= value
}

export function goalText({ bound, value, unit }) {
  return `${bound} ${value}${unit === '' ? '' : ` ${unit}`}`
}
