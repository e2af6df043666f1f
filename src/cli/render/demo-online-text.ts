import type { OnlineDemo } from '../demo-online.js'
import { isRefused, onlineDemoIds, type onlineDemo } from '../demo-server.js'
import { terminalText } from './terminal-text.js'
import { countOf, countText } from '../../units.js'

/** What the second part of the demo is about to do. */
export function onlineIntroduction(root: string): string {
  return [
    `Now the whole way, with a server inside this process, in ${terminalText(root)}:`,
    'submit, wait, download, prove, retry. On the way an answer to a creation is lost, two downloads break off,',
    'some requests fail for a passing reason, some for good, and one batch expires half-way.',
  ].join('\n')
}

/** What was paid for, what was asked, and what came of it. */
export function onlineSummary({ server, results }: OnlineDemo): string {
  const rows = [...results.values()].flat()
  const failed = rows.filter(({ outcome }) => outcome !== 'success').length
  const attempts = Math.max(...rows.map(({ attempt }) => attempt))
  return [
    `Batches made at the server: ${countText(server.batches().length)}, one for each submission that was meant.`,
    `API calls: ${callCounts(server)}.`,
    `Results: ${countOf(rows.length, 'row')} for ${countOf(onlineDemoIds.length, 'request')}, ` +
      `${countText(rows.length - failed)} ok and ${countText(failed)} failed for good, after at most ${countOf(attempts, 'attempt')}.`,
  ].join('\n')
}

/** One line for each thing that is not as it must be; none when nothing was lost and nothing paid for twice. */
export function onlineDifferences(demo: OnlineDemo, expected: typeof onlineDemo): readonly string[] {
  return [
    ...batchDifferences(demo, expected),
    ...rowDifferences(demo),
    ...demo.report.triples
      .filter(({ outcome }) => outcome.type !== 'done')
      .map(({ index, outcome }) => `Triple ${index} should be done; it is ${outcome.type}.`),
  ]
}

function callCounts(server: OnlineDemo['server']): string {
  const counts = new Map<string, number>()
  for (const { operation } of server.requests()) counts.set(operation, (counts.get(operation) ?? 0) + 1)
  return [...counts].map(([operation, count]) => `${operation} ${countText(count)}`).join(', ')
}

function batchDifferences(
  { server, prepared, retryIndices }: OnlineDemo,
  expected: typeof onlineDemo,
): readonly string[] {
  const made = server.batches().length
  const meant = prepared.length + retryIndices.size
  const answered = server.executions().filter(({ isAnswered }) => isAnswered).length
  const due = onlineDemoIds.filter((id) => !isRefused(id)).length
  return [
    ...(made === meant
      ? []
      : [`${countOf(meant, 'submission')} should make as many batches; there are ${made}.`]),
    ...(made === expected.batches ? [] : [`${expected.batches} batches are needed; there are ${made}.`]),
    ...(answered === due ? [] : [`${due} answers should have been paid for; it were ${answered}.`]),
  ]
}

function rowDifferences({ results }: OnlineDemo): readonly string[] {
  const rows = [...results.values()].flat()
  const outcomes = new Map(rows.map(({ custom_id: id, outcome }) => [id, outcome]))
  const wrong = onlineDemoIds.filter((id) => outcomes.get(id) !== (isRefused(id) ? 'permanent' : 'success'))
  return [
    ...(rows.length === onlineDemoIds.length
      ? []
      : [`There should be ${onlineDemoIds.length} rows of results; there are ${rows.length}.`]),
    ...(wrong.length === 0
      ? []
      : [`${countOf(wrong.length, 'request')} ended otherwise than meant, such as ${wrong[0]}.`]),
  ]
}
