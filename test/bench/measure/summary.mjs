import { costText } from '../report/report.mjs'
import { medianOf, pairedRatio } from './take-turns.mjs'

/** The medians of one contender's runs. */
export function costOf(runs) {
  return {
    wallMs: medianOf(runs, 'wallMs'),
    cpuMs: medianOf(runs, 'cpuMs'),
    peakRssBytes: medianOf(runs, 'peakRssBytes'),
  }
}

export const megabytes = (runs) => medianOf(runs, 'peakRssBytes') / 1e6

const wallAndCpu = { wall: 'wallMs', CPU: 'cpuMs' }
export const wallAlone = { wall: 'wallMs' }

/**
 * Lines for one contender against another: how many times faster (of `wallMs`, `cpuMs`), paired by round.
 *
 * @param {object} report
 * @param {{ section: string, subject: string }} place
 * @param {{ rival: string, ours: object[], theirs: object[], goals?: Record<string, object | undefined>, fields?: Record<string, string> }} sides
 */
export function addSpeeds(report, place, { rival, ours, theirs, goals = {}, fields = wallAndCpu }) {
  const texts = { ours: costText(costOf(ours)), theirs: costText(costOf(theirs)) }
  for (const [word, field] of Object.entries(fields)) {
    const seen = pairedRatio(theirs, ours, field)
    if (seen === null) continue
    report.add({ ...place, figure: `× ${rival}, ${word}`, seen, goal: goals[word] ?? null, ...texts })
  }
}

export function addMemory(report, place, runs, goal = null) {
  report.add({ ...place, figure: 'peak RSS', seen: megabytes(runs), unit: 'MB', goal })
}

/** Other builds that take part: the first one against each. */
export function addBuilds(report, place, products, results, name = (product) => product.label) {
  const [first, ...others] = products
  for (const other of others) {
    addSpeeds(report, place, { rival: other.label, ours: results[name(first)], theirs: results[name(other)] })
  }
}
