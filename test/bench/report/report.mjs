import { goalText, isMet } from './goals.mjs'

/**
 * @typedef {object} Row
 * @property {string} section
 * @property {string} subject what was measured, such as `chat, 200 MB: plan`
 * @property {string} figure what the number says, such as `× naive, wall`
 * @property {number | null} seen `null` where it could not be measured
 * @property {string} unit
 * @property {object | null} goal
 * @property {boolean | null} isMet `null` without a goal, or without a figure
 * @property {string} ours what the ratio is made of, in words
 * @property {string} theirs
 */

/** Gathers the rows of the table, and everything that was measured. */
export function createReport() {
  const rows = []
  const measurements = []
  const skipped = []
  return {
    rows,
    measurements,
    skipped,
    /** One line of the table. */
    add({ section, subject, figure, seen, unit = '×', goal = null, ours = '', theirs = '' }) {
      const judged = goal === null || seen === null ? null : isMet(goal, seen)
      rows.push({ section, subject, figure, seen, unit, goal, isMet: judged, ours, theirs })
    },
    /** The runs behind the lines, for `--json`. */
    keep(section, subject, runs) {
      measurements.push({ section, subject, runs })
    },
    /** What could not be measured, and why; told once. */
    skip(what) {
      if (!skipped.includes(what)) skipped.push(what)
    },
  }
}

/** The whole table as text. */
export function tableText({ rows, skipped }) {
  const cells = rows.map((row) => [
    row.section,
    row.subject,
    row.figure,
    seenText(row),
    row.goal === null ? '' : goalText(row.goal),
    metText(row),
    row.ours,
    row.theirs,
  ])
  const all = [['section', 'what', 'figure', 'seen', 'goal', 'met', 'ours', 'theirs'], ...cells]
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)))
  const lines = all.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`,
  )
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  const notes = skipped.map((what) => `Skipped: ${what}.`)
  return [lines[0], rule, ...lines.slice(1), '', ...notes].join('\n')
}

function seenText({ seen, unit }) {
  if (seen === null) return 'none'
  const digits = seen >= 100 ? 0 : seen >= 10 ? 1 : 2
  return `${seen.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`
}

function metText({ isMet: judged, goal, seen }) {
  if (goal !== null && seen === null) return 'not met'
  return judged === null ? '' : judged ? 'met' : 'not met'
}

/** Time and memory of runs in a few characters. */
export function costText({ wallMs, cpuMs, peakRssBytes }) {
  const parts = [`${(wallMs / 1000).toFixed(2)} s`]
  if (cpuMs != null) parts.push(`CPU ${(cpuMs / 1000).toFixed(2)} s`)
  if (peakRssBytes != null) parts.push(`${(peakRssBytes / 1e6).toFixed(0)} MB`)
  return parts.join(', ')
}
