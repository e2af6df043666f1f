import type { AnyStateMachine, AnyStateNode } from 'xstate'
import {
  defaultTripleLimits,
  schedulerMachine,
  tripleMachine,
  type TripleLimits,
} from '../../machines/index.js'
import { arrowsOf, overviewDiagram, pathOf, stateDiagram, statesOf } from './machine-diagram.js'
import * as words from './machine-words.js'

/** The whole text of `docs/machines.md`: drawn from the machines, explained by their own descriptions and `machine-words.ts`. */
export function machineDocument(): string {
  const parts = [
    introduction,
    tripleOverview(),
    ...tripleDetails(),
    tripleTables(),
    retries(),
    limits(),
    scheduler(),
  ]
  return `${parts.join('\n\n')}\n`
}

const introduction = `# Machines

The two [XState](https://stately.ai/docs) machines of this package, drawn from the code. This page is written by a test:

    UPDATE_DOCS=1 npx vitest run --config test/vitest.config.ts test/docs/machines.test.ts

In the diagrams an arrow says what brings it about: \`checkIds done\` is an actor that ended well, \`checkIds failed\` one
that threw, \`after backoff\` a timer, a dotted name an event from outside, and a name in brackets the guard that has to
hold. Of several arrows for one cause the first whose guard holds is taken. A state that is left at once has arrows with
guards alone, and \`otherwise\`.

Machines decide and never act: they hold no clock, no chance and no I/O. What they do, they do through actors that are
passed in (\`tripleMachine.provide({ actors })\`). Nothing of a machine's state is kept between runs: a triple starts in
\`deciding\` and finds its place from the files and the metadata, so that being stopped anywhere is the normal path.`

const tripleOverview = (): string => `## The triple machine

One actor for each triple. From every state a step that fails for good leads to \`failed\`; those arrows are left out here.

${overviewDiagram(tripleMachine)}

${table(['state', 'tags', 'what it is'], statesOf(tripleMachine).map(stateRow))}`

function stateRow(node: AnyStateNode): readonly string[] {
  const ofNode = node.tags.map((tag) => `\`${tag}\``).join(', ')
  return [`\`${pathOf(node)}\``, ofNode, node.description ?? '']
}

function tripleDetails(): readonly string[] {
  const compound = statesOf(tripleMachine).filter(({ type }) => type === 'compound')
  return compound.map((state) => `### Inside \`${pathOf(state)}\`\n\n${stateDiagram(tripleMachine, state)}`)
}

const tripleTables = (): string => `### Events from outside

What a state does not hear, it ignores.

${table(['event', 'means', 'heard in'], eventRows(tripleMachine, words.tripleEvents))}

### Tags

${table(['tag', 'means'], namedRows(words.tags))}

### Actors

Each is called what it does. All are told the index and the facts of the last survey
(\`surveyTriple\` only the index), and can be run again at any time: each begins by looking at what is already done.

${table(['actor', 'runs in', 'does', 'gives'], actorRows())}

### Outcomes

What a report says of a triple at rest.

${table(['outcome', 'state'], namedRows(words.outcomes))}`

function actorRows(): readonly (readonly string[])[] {
  return Object.entries(words.tripleActors).map(([name, { does, gives }]) => {
    const homes = statesOf(tripleMachine).filter(({ invoke }) => invoke.some(({ id }) => id === name))
    return [`\`${name}\``, homes.map((home) => `\`${pathOf(home)}\``).join(', '), does, gives]
  })
}

const retries = (): string => `### Retries

A step that throws is asked what went wrong (\`toProblem\`). While the problem is a passing one and tries are left
(\`canRetry\`), the triple goes to the backing-off substate beside that step, so that a look at the state says which step
is stuck; the count starts anew with each step. Any other problem parks the triple in \`failed\` at once. **Nothing after a
failed step runs; above all nothing is moved.**

${table(['delay', 'how long'], namedRows(words.delays))}

Three more things can go round, and each has an end:

- **Ids are missing, or a batch that ended names no file.** The server is looked at again, with the pause above, at most
  \`maxLooksAgain\` times; when ids are missing (\`asking-again\`), files that are here are fetched anew. When that brings nothing new, the missing ids are the
  problem the triple fails with. A batch that expired or was cancelled without files goes on to the accounting instead:
  its requests were not executed.
- **Steps succeed and the disk does not show it.** After \`3 + maxLooksAgain\` surveys without coming to rest the triple
  fails with \`ReconciliationFailed\`. A submission that left no trace is not sent a second time.
- **Waiting.** \`awaiting-online-files.waiting\` and \`submitting.waiting-for-room\` have no limit and no timer; whoever runs
  the triple sends \`poll.due\`.

That every run comes to rest whatever the steps answer is not only said here: a test walks the whole graph.`

const limits = (): string => `### Limits

${table(['limit', 'unless set', 'bounds'], limitRows())}`

function limitRows(): readonly (readonly string[])[] {
  return Object.entries(words.limits).map(([name, bounds]) => [
    `\`${name}\``,
    String(defaultTripleLimits[name as keyof TripleLimits]),
    bounds,
  ])
}

const scheduler = (): string => `## The scheduler machine

Says which triple may start. It holds counts only: the triples are actors of their own, outside of it, because thousands
of children in one system would slow each other down. For each start it emits \`triple.admitted\` with a \`position\`, each
position once and in order; the engine answers with \`triple.settled\` when that triple has come to rest. \`maxLive\` below 1
counts as 1.

${overviewDiagram(schedulerMachine)}

${table(
  ['state', 'what it is'],
  statesOf(schedulerMachine).map((node) => [`\`${pathOf(node)}\``, node.description ?? '']),
)}

${table(['event', 'means', 'heard in'], eventRows(schedulerMachine, words.schedulerEvents))}`

function eventRows(machine: AnyStateMachine, meanings: Readonly<Record<string, string>>) {
  return Object.entries(meanings).map(([type, meaning]) => [`\`${type}\``, meaning, hearersOf(machine, type)])
}

function hearersOf(machine: AnyStateMachine, type: string): string {
  const hearers = arrowsOf(machine).filter(({ label }) => label.split(' ', 1).join() === type)
  const paths = [...new Set(hearers.map(({ from }) => from))]
  return paths.includes('') ? 'every state' : paths.map((path) => `\`${path}\``).join(', ')
}

const namedRows = (meanings: Readonly<Record<string, string>>) =>
  Object.entries(meanings).map(([name, meaning]) => [`\`${name}\``, meaning])

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
