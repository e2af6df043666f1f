import OpenAI from 'openai'
import {
  importFiles,
  openWorkspace,
  reconcileWorkspace,
  submitRequests,
  watchWorkspace,
  type BatchWorkspace,
  type ReconcileOptions,
  type TripleReport,
  type WorkspaceReport,
} from '../../src/index.js'
import type { FakeBatchServerOptions } from '../../src/testing/index.js'
import {
  answerLine,
  answeredTriple,
  errorLine,
  idsUpTo,
  jsonl,
  requestLine,
  responseLine,
} from '../engine/lines.js'
import { NeverEnds, worker } from '../engine/workers/one-worker.js'
import { queueWorker } from './queue-worker.js'
import type { WorldProcess } from './world.js'

/** One story, as it goes when nothing goes wrong; whatever goes wrong, it has to end the same. */
export interface Scenario {
  readonly name: string
  /** What stands on the disk before: paths below `home`, and what people put there. None of it may be lost. */
  readonly files: Readonly<Record<string, string>>
  readonly server: FakeBatchServerOptions
  /** Machines on which one process each is at work, at the same time. */
  readonly hosts: readonly string[]
  /** What each of them does: the commands of a person, who gives them again when they ended badly. */
  readonly work: (process: WorldProcess) => Promise<void>
  /** Batches that may be made, and requests that may be paid for, whatever happens. */
  readonly batches: number
  readonly answered: number
}

const openIn = ({ mount, fileSystem }: WorldProcess): Promise<BatchWorkspace> =>
  openWorkspace(`${mount}/workspace`, { create: true, fileSystem })

function optionsOf({ clock, fetch }: WorldProcess): ReconcileOptions & { readonly client: OpenAI } {
  const client = new OpenAI({ apiKey: 'test-key', baseURL: 'http://fake.test/v1', fetch })
  return { client, clock }
}

/** What a person does who sees that not everything is well: the same again. */
export class NotSettled extends Error {
  override readonly name = 'NotSettled'
}

function requireSettled({ triples }: Pick<WorkspaceReport, 'triples'>): void {
  const open = triples.filter(({ outcome }) => outcome.type !== 'done')
  if (open.length === 0) return
  const texts = open.map(({ index, outcome, problem }) => `${index} ${outcome.type} ${problem?.code ?? ''}`)
  throw new NotSettled(texts.join(', '))
}

const ids = idsUpTo(3)
const requests = { 'requests.jsonl': jsonl(...ids.map((id) => requestLine(id))) }
const durations = { validatingMs: 1_000, inProgressMs: 60_000 }

/** Answers that say nothing of when they were made. */
const answer: FakeBatchServerOptions['answer'] = ({ custom_id: id }) => {
  const { response } = JSON.parse(answerLine(id, `Here is ${id}.`)) as { response: { body: unknown } }
  return { status: 200, body: response.body }
}
const secondFailsOnce: FakeBatchServerOptions = {
  answer,
  defaults: { ...durations, rows: [{ when: 'row-2', times: 1, answer: 'server-error' }] },
}

async function submitAndWatch(process: WorldProcess): Promise<void> {
  const workspace = await openIn(process)
  requireUnderWay(await submitRequests(workspace, [`${process.mount}/requests.jsonl`], optionsOf(process)))
  requireSettled(await watchWorkspace(workspace, optionsOf(process)))
}

/** What is left to do is for the watch. */
function requireUnderWay({ triples }: WorkspaceReport): void {
  requireSettled({ triples: triples.filter((triple) => !isUnderWay(triple)) })
}

const isUnderWay = ({ outcome, problem }: TripleReport): boolean =>
  outcome.type === 'pending' || problem?.isPassing === true

/** A success, a truncated answer, a row for a retry in either file, a failure for good. */
const mixed = {
  'workspace/workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c', 'e'].map((id) => requestLine(id))),
  'workspace/workdir/batch_output_1.jsonl': jsonl(
    answerLine('a', 'yes'),
    answerLine('b', 'no', { finishReason: 'length' }),
    responseLine('c', 400, { error: { message: 'no', code: 'invalid_value' } }),
  ),
  'workspace/workdir/batch_error_1.jsonl': jsonl(errorLine('e')),
}

/** Answers of two megabytes, which no piece that is read or written holds at once; every hundredth is cut off. */
function large(): Readonly<Record<string, string>> {
  const many = idsUpTo(400)
  const text = 'All of this is said at length. '.repeat(160)
  const answers = many.map((id, at) =>
    answerLine(id, `${id}: ${text}`, at % 100 === 99 ? { finishReason: 'length' } : {}),
  )
  return {
    'workdir/batch_input_1.jsonl': jsonl(...many.map((id) => requestLine(id))),
    'workdir/batch_output_1.jsonl': jsonl(...answers),
  }
}

const inWorkspace = (files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`workspace/${path}`, content]))

const handOver = { processOutput: async () => {}, processErrors: async () => {} }

export const scenarios: readonly Scenario[] = [
  {
    name: 'submit',
    files: requests,
    server: secondFailsOnce,
    hosts: ['one'],
    work: submitAndWatch,
    batches: 2,
    answered: 3,
  },
  {
    name: 'expired',
    files: requests,
    server: {
      answer,
      defaults: durations,
      planFor: ({ number }) => (number === 1 ? { ending: { status: 'expired', afterShare: 0.4 } } : {}),
    },
    hosts: ['one'],
    work: submitAndWatch,
    batches: 2,
    answered: 3,
  },
  {
    name: 'move',
    files: { ...mixed, ...inWorkspace(answeredTriple('2', idsUpTo(2, 'z-'))) },
    server: {},
    hosts: ['one'],
    work: async (process) =>
      requireSettled(await reconcileWorkspace(await openIn(process), { clock: process.clock })),
    batches: 0,
    answered: 0,
  },
  {
    name: 'large',
    files: inWorkspace(large()),
    server: {},
    hosts: ['one'],
    work: async (process) =>
      requireSettled(await reconcileWorkspace(await openIn(process), { clock: process.clock, ...handOver })),
    batches: 0,
    answered: 0,
  },
  {
    name: 'callbacks',
    files: mixed,
    server: {},
    hosts: ['one'],
    work: async (process) =>
      requireSettled(await reconcileWorkspace(await openIn(process), { clock: process.clock, ...handOver })),
    batches: 0,
    answered: 0,
  },
  {
    name: 'import',
    files: {
      'loose/asked.jsonl': mixed['workspace/workdir/batch_input_1.jsonl'],
      'loose/got.jsonl': mixed['workspace/workdir/batch_output_1.jsonl'],
      'loose/went wrong.jsonl': mixed['workspace/workdir/batch_error_1.jsonl'],
    },
    server: {},
    hosts: ['one'],
    work: async (process) => {
      const workspace = await openIn(process)
      const { files } = await importFiles(workspace, [`${process.mount}/loose`], { shouldMove: true })
      const missed = files.filter(({ isMissed }) => isMissed)
      if (missed.length > 0) throw new NotSettled(missed.map(({ why }) => why).join(' '))
      requireSettled(await reconcileWorkspace(workspace, { clock: process.clock }))
    },
    batches: 0,
    answered: 0,
  },
  {
    name: 'workers',
    files: inWorkspace({ 'workdir/batch_input_1.jsonl': requests['requests.jsonl'] }),
    server: secondFailsOnce,
    hosts: ['one', 'two'],
    work: async (process) =>
      worker({ workspace: await openIn(process) }, process).catch((error: unknown) => {
        throw error instanceof NeverEnds ? new NotSettled(error.message) : error
      }),
    batches: 2,
    answered: 3,
  },
  {
    name: 'queue',
    files: inWorkspace({
      'workdir/batch_input_1.jsonl': requests['requests.jsonl'],
      ...answeredTriple('2', idsUpTo(2, 'y-')),
      ...answeredTriple('3', idsUpTo(2, 'z-')),
    }),
    server: secondFailsOnce,
    hosts: ['one', 'two', 'three'],
    work: async (process) =>
      queueWorker(await openIn(process), process).catch((error: unknown) => {
        throw error instanceof NeverEnds ? new NotSettled(error.message) : error
      }),
    batches: 2,
    answered: 3,
  },
]

export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (found !== undefined) return found
  throw new Error(`No scenario is called ${name}: ${scenarios.map((each) => each.name).join(', ')}.`)
}
