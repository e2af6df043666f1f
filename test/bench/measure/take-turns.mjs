/**
 * Runs contenders round by round, each round beginning with another one: a machine that is busy for a while is unfair to
 * all of them alike.
 *
 * @param {Record<string, (round: number) => Promise<object>>} contenders by name
 * @param {number} rounds
 * @returns {Promise<Record<string, object[]>>} for each contender what its runs gave, in the order of the rounds
 */
export async function takeTurns(contenders, rounds) {
  const names = Object.keys(contenders)
  const results = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    const first = round % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      results[name].push(await contenders[name](round))
    }
  }
  return results
}

export function median(numbers) {
  const sorted = numbers.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median of a field; `null` where a run has none. */
export function medianOf(runs, field) {
  const numbers = runs.map((run) => run[field])
  return numbers.some((number) => typeof number !== 'number') ? null : median(numbers)
}

/** The median over the rounds of one contender's figure divided by the other's in the same round. */
export function pairedRatio(above, below, field) {
  const ratios = above.map((run, round) => run[field] / below[round][field])
  return ratios.some((ratio) => !Number.isFinite(ratio)) ? null : median(ratios)
}
