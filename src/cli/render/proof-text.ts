import type { TripleProof } from '../../engine/report.js'
import { proofOutcome } from './json-lines.js'
import { paintOutcome, unknownCount } from './outcome-table.js'
import { problemLines } from './problem-lines.js'
import type { Style } from './style.js'
import { tableText, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'
import { countOf, countText } from '../../units.js'

/** What became of each proof, one line a triple. */
export function proofTable(proofs: readonly TripleProof[], options: TableOptions): string {
  return tableText(proofColumns(options.style), proofs, options)
}

/** The problems in full (the first ones), and how many triples are proven. */
export function proofSummary(proofs: readonly TripleProof[], style: Style): string {
  const proven = proofs.filter(({ isProven }) => isProven).length
  const problems = proofs.flatMap(({ index, problems: each }) => each.map((problem) => ({ index, problem })))
  const total =
    proofs.length === 0
      ? 'No triples in done/: nothing to prove.'
      : `${countText(proven)} of ${countOf(proofs.length, 'triple')} in done/ proven.`
  return [...problemLines(problems, style), total].map((line) => `${line}\n`).join('')
}

function proofColumns(style: Style): readonly TableColumn<TripleProof>[] {
  return [
    { title: 'index', text: ({ index }) => terminalText(index) },
    {
      title: 'outcome',
      text: proofOutcome,
      paint: (proof, cell) => paintOutcome(proofOutcome(proof), cell, style),
    },
    count('requests', ({ counts }) => counts?.input),
    count('output', ({ counts }) => counts?.output),
    count('error', ({ counts }) => counts?.error),
    count('missing', ({ counts }) => counts?.missing),
    { title: 'problem', text: ({ problems }) => problems.map(({ code }) => code).join(', ') },
  ]
}

function count(title: string, countIn: (proof: TripleProof) => number | undefined): TableColumn<TripleProof> {
  const text = (proof: TripleProof): string => {
    const found = countIn(proof)
    return found === undefined ? unknownCount : countText(found)
  }
  return { title, isNumber: true, text }
}
