import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { problemCodes, type ProblemCode } from '../../machines/index.js'
import { faults, type FakeBatchServerOptions } from '../../src/testing/index.js'
import type { Fault } from '../../src/testing/fake-server/fault.js'
import { jsonLines, processorModule } from '../cli/command-line.js'
import { answerLine, errorLine, jsonl, metadataText, requestLine } from '../engine/lines.js'
import {
  answersOf,
  errorOf,
  follow,
  key,
  newPatient,
  serveBelow,
  server,
  writeTo,
  type Patient,
} from './patient.js'

/**
 * Each way a triple can stop, and each way on that its words name, followed to the letter: from the broken state until
 * every request has its answer. What a hint says must be enough.
 */
interface Cure {
  readonly code: ProblemCode
  /** How it came, and what is done about it. */
  readonly about: string
  readonly server?: FakeBatchServerOptions
  /** Until the next `run` says what is wrong. */
  readonly fall: (patient: Patient) => Promise<void> | void
  /** What the hint has to say for the cure to be its. */
  readonly says: RegExp
  readonly cure: (patient: Patient, hint: string) => Promise<unknown> | void
  /** Ids that have a success at the end; `a`, `b` and `c` unless given. */
  readonly ids?: readonly string[]
}

const ids = ['a', 'b', 'c']
const requests = jsonl(...ids.map((id) => requestLine(id)))
const answers = (...of: readonly string[]): string =>
  jsonl(...of.map((id) => answerLine(id, `Here is ${id}.`)))
const input = 'workdir/batch_input_4.jsonl'
const output = 'workdir/batch_output_4.jsonl'
const metadata = 'workdir/batch_metadata_4.jsonl'

/** The triple is sent, and its batch has ended at the server. */
async function sent(patient: Patient): Promise<void> {
  patient.put({ [input]: requests })
  await patient.run('--submit')
  patient.server.finishBatches()
}

const otherRequests = jsonl(requestLine('x'), requestLine('y'))

/** Triples 3 and 4 are sent, and their batches run. */
async function twoSent(patient: Patient): Promise<void> {
  patient.put({ 'workdir/batch_input_3.jsonl': otherRequests, [input]: requests })
  await patient.run('--submit')
}

/** Sends the file that stands elsewhere, as its words say. */
async function submitAgain(patient: Patient, path: string): Promise<void> {
  const { exitCode, stderr } = await patient.command('submit', patient.root, path, '--again')
  expect(exitCode, stderr).toBe(0)
}

/** Of a server that made a batch long ago. */
const lateServer = {
  behindMs: 0,
  now: (): number => Date.now() - lateServer.behindMs,
}

const cures: readonly Cure[] = [
  {
    code: 'MissingBatchInputFileButOthersExist',
    about: 'the input was moved away; it is put back',
    fall: (patient) => patient.put({ [output]: answers(...ids) }),
    says: /Put batch_input_4\.jsonl back beside it/,
    cure: (patient) => patient.put({ [input]: requests }),
  },
  {
    code: 'NoBatchFileTripleAtIndex',
    about: 'a lone metadata file; the files are put back',
    fall: (patient) => patient.put({ [metadata]: metadataText({}) }),
    says: /Put the files back into workdir/,
    cure: (patient) => patient.put({ [input]: requests, [output]: answers(...ids) }),
  },
  {
    code: 'NoBatchFileTripleAtIndex',
    about: 'a lone metadata file; it is removed',
    fall: (patient) => patient.put({ [metadata]: metadataText({}) }),
    says: /remove what is left of this triple \(a lone metadata file\)/,
    cure: (patient) => patient.remove(metadata),
    ids: [],
  },
  {
    code: 'NoBatchFileTripleAtIndex',
    about: 'the input of a batch was moved away; it is fetched from the server',
    fall: async (patient) => {
      await sent(patient)
      patient.remove(input)
    },
    says: /As long as the server has them: batch-reconciler import --batch batch_\w+ '.+my batches'$/,
    cure: (patient, hint) => follow(patient, hint, 'import --batch '),
  },
  {
    code: 'RequestIdsMismatch',
    about: 'answers are missing; the whole file is put in place',
    fall: (patient) => patient.put({ [input]: requests, [output]: answers('a', 'b') }),
    says: /If the whole files are to be had, put them in the place of these and run again/,
    cure: (patient) => patient.put({ [output]: answers(...ids) }),
  },
  {
    code: 'RequestIdsMismatch',
    about: 'answers are missing; they are accepted as missing, and sent again',
    fall: (patient) => patient.put({ [input]: requests, [output]: answers('a', 'b') }),
    says: /To go on without them/,
    cure: async (patient, hint) => {
      await follow(patient, hint, 'accept ')
      await patient.run('--submit')
      patient.server.finishBatches()
    },
  },
  {
    code: 'RequestIdsMismatch',
    about: 'the answers are of another batch; the right ones are put in place',
    fall: (patient) => patient.put({ [input]: requests, [output]: answers('x', 'y', 'z') }),
    says: /put the right ones in place and run again/,
    cure: (patient) => patient.put({ [output]: answers(...ids) }),
  },
  {
    code: 'RequestIdsMismatch',
    about: 'a row of another batch stands among the answers; it is removed',
    fall: (patient) => patient.put({ [input]: requests, [output]: answers(...ids, 'x') }),
    says: /Remove the rows of other batches from the output or error file/,
    cure: (patient) => patient.put({ [output]: answers(...ids) }),
  },
  {
    code: 'RequestIdsMismatch',
    about: 'the last line is cut; the whole file is put in its place',
    fall: (patient) => patient.put({ [input]: requests, [output]: answers(...ids).slice(0, -40) }),
    says: /Put the whole file in its place, or mend them, then run again/,
    cure: (patient) => patient.put({ [output]: answers(...ids) }),
  },
  {
    code: 'RequestIdsMismatch',
    about: 'the server completed more than the files of an expired batch hold; they are accepted',
    server: { faults: [faults.lyingCounts({ total: 3, completed: 3, failed: 0 })] },
    fall: async (patient) => {
      patient.server.plan({ ending: { status: 'expired', afterShare: 0.5 }, unexecuted: 'nothing' })
      await sent(patient)
    },
    says: /When it never comes/,
    cure: async (patient, hint) => {
      await follow(patient, hint, 'accept ')
      await patient.run('--submit')
      patient.server.finishBatches()
    },
  },
  {
    code: 'DuplicateRequestIds',
    about: 'one id stands on two requests; they get ids of their own and are sent as a new file',
    fall: (patient) =>
      patient.put({ [input]: jsonl(requestLine('a'), requestLine('a', 'Other.')), [output]: answers('a') }),
    says: /Move the files of this triple out of workdir\/, give every request its own custom_id, and send it with `submit --again`/,
    cure: async (patient) => {
      const path = join(patient.takeOut('4'), 'batch_input_4.jsonl')
      await submitAgain(patient, writeTo(path, requests))
      patient.server.finishBatches()
    },
  },
  ...(['first', 'last'] as const).map((which): Cure => ({
    code: 'ConflictingAnswers',
    about: `two answers to one request; the ${which} counts`,
    fall: (patient) =>
      patient.put({ [input]: requests, [output]: answers(...ids) + jsonl(answerLine('b', 'Another.')) }),
    says: /Look at both, then say which of them counts, .*--keep first` or `--keep last`/,
    cure: async (patient, hint) => {
      if (which === 'first') return follow(patient, hint, 'accept ')
      // The other one is named by its flag alone.
      return follow(patient, hint.replace('--keep first', '--keep last'), 'accept ')
    },
  })),
  {
    code: 'UnreadableInputLines',
    about: 'the input was cut; it is put back as it was uploaded',
    fall: (patient) => patient.put({ [input]: requests.slice(0, -30), [output]: answers(...ids) }),
    says: /Put the input file back as it was uploaded/,
    cure: (patient) => patient.put({ [input]: requests }),
  },
  {
    code: 'UnreadableInputLines',
    about: 'the input holds answers; the requests are put in their place',
    fall: (patient) => patient.put({ [input]: answers(...ids), [output]: answers(...ids) }),
    says: /Put the requests of this batch in its place/,
    cure: (patient) => patient.put({ [input]: requests }),
  },
  {
    code: 'UnrecognisedAnswers',
    about: 'all answers are of another kind; the output file of the batch is put in place',
    fall: (patient) => patient.put({ [input]: requests, [output]: strangeAnswers }),
    says: /Put the output file of the OpenAI batch in place of/,
    cure: (patient) => patient.put({ [output]: answers(...ids) }),
  },
  {
    code: 'BatchMetadataUnreadable',
    about: 'the metadata was cut; it is repaired',
    fall: async (patient) => {
      await sent(patient)
      patient.put({ [metadata]: patient.read(metadata).slice(0, -20) })
    },
    says: /Repair the file/,
    cure: (patient) => {
      const [batch] = patient.server.batches()
      const noted = { batch_id: batch?.id, input_file_id: batch?.input_file_id }
      patient.put({ [metadata]: `${JSON.stringify(noted)}\n` })
    },
  },
  {
    code: 'BatchMetadataUnreadable',
    about: 'the batch id is lost; the file is removed and the batch is adopted',
    fall: async (patient) => {
      await sent(patient)
      patient.put({ [metadata]: 'lost' })
    },
    says: /remove the file and `adopt` the batch that the server lists/,
    cure: async (patient) => {
      patient.remove(metadata)
      const { exitCode } = await patient.command(
        'adopt',
        patient.root,
        '4',
        patient.server.batches()[0]?.id ?? '',
      )
      expect(exitCode).toBe(0)
    },
  },
  {
    code: 'NotARegularFile',
    about: 'a folder stands where the answers belong; it is moved away',
    fall: (patient) => {
      patient.put({ [input]: requests })
      mkdirSync(join(patient.root, output))
    },
    says: /Move it away/,
    cure: (patient) => {
      patient.remove(output)
      patient.put({ [output]: answers(...ids) })
    },
  },
  {
    code: 'DoneFileConflict',
    about: 'done/ holds another file of that name; it is put elsewhere',
    fall: (patient) =>
      patient.put({
        [input]: requests,
        [output]: answers(...ids),
        'done/batch_output_4.jsonl': answers('x'),
      }),
    says: /Put one of them elsewhere/,
    cure: (patient) => patient.remove('done/batch_output_4.jsonl'),
  },
  {
    code: 'DoneFileConflict',
    about: 'done/ holds another triple of that index; this one gets another',
    fall: async (patient) => {
      patient.put({ [input]: requests, [output]: answers(...ids) })
      await patient.run()
      patient.put({ [input]: jsonl(requestLine('x')), [output]: answers('x') })
    },
    says: /or give this triple another index, then run again/,
    cure: (patient) => {
      for (const name of patient.names('workdir')) {
        const workdir = join(patient.root, 'workdir')
        renameSync(join(workdir, name), join(workdir, name.replace('_4.', '_5.')))
      }
    },
    ids: [...ids, 'x'],
  },
  {
    code: 'ReconciliationFailed',
    about: 'something else stands where the results go; it is moved away',
    fall: (patient) =>
      patient.put({
        [input]: requests,
        [output]: answers(...ids),
        'target/batch_results_4.jsonl': 'My notes.\n',
      }),
    says: /[Mm]ove .*batch_results_4\.jsonl away|[Mm]ove it away/,
    cure: (patient) => patient.remove('target/batch_results_4.jsonl'),
  },
  {
    code: 'ProcessorThrew',
    about: 'the callback throws; it is mended',
    fall: async (patient) => {
      const flag = join(patient.root, 'is-mended')
      const source = `import { existsSync } from 'node:fs'
        export function processOutput() { if (!existsSync(${JSON.stringify(flag)})) throw new Error('no database') }`
      patient.runFlags.push('--processor', await processorModule(source))
      patient.put({ [input]: requests, [output]: answers(...ids) })
    },
    says: /Mend it and run again/,
    cure: (patient) => patient.put({ 'is-mended': '' }),
  },
  {
    code: 'InputChanged',
    about: 'the input was edited after it was sent; it is put back',
    server: { defaults: { rows: [{ when: 'b', times: 1, answer: 'rate-limited' }] } },
    fall: async (patient) => {
      await sent(patient)
      patient.put({ [input]: requests.replace('Say b.', 'Say more.') })
    },
    says: /Put the input that was sent back as .*batch_input_4\.jsonl, byte for byte, then run again/,
    cure: async (patient) => {
      patient.put({ [input]: requests })
      await patient.run()
      patient.server.finishBatches()
    },
  },
  {
    code: 'InputChanged',
    about: 'the input was edited after it was sent; this one is sent in its place',
    server: { defaults: { rows: [{ when: 'b', times: 1, answer: 'rate-limited' }] } },
    fall: async (patient) => {
      await sent(patient)
      patient.put({ [input]: requests.replace('Say b.', 'Say more.') })
    },
    says: /take the files of this triple out of workdir\/, and `submit` the input as a new file, with --again/,
    cure: async (patient) => {
      await submitAgain(patient, join(patient.takeOut('4'), 'batch_input_4.jsonl'))
      patient.server.finishBatches()
    },
  },
  {
    code: 'BatchFailed',
    about: 'the server refused a line; the input is mended and sent again',
    fall: async (patient) => {
      const errors = [{ code: 'invalid_request', message: 'Line 2 is wrong.', param: null, line: 2 }]
      patient.server.plan({ ending: { status: 'failed', errors } })
      await sent(patient)
    },
    says: /Take the input and its metadata out of workdir\/, mend it, and send it with `submit --again`/,
    cure: async (patient) => {
      await submitAgain(patient, join(patient.takeOut('4'), 'batch_input_4.jsonl'))
      patient.server.finishBatches()
    },
  },
  {
    code: 'BatchMetadataLost',
    about: 'the metadata was removed; the batch is taken up again',
    fall: async (patient) => {
      await sent(patient)
      patient.remove(metadata)
      patient.runFlags.push('--submit')
    },
    says: /Else take the batch up again/,
    cure: async (patient, hint) => {
      await follow(patient, hint, 'adopt ')
    },
  },
  {
    code: 'BatchMetadataLost',
    about: 'the metadata was removed; it is paid for once more',
    fall: async (patient) => {
      await sent(patient)
      patient.remove(metadata)
      patient.runFlags.push('--submit')
    },
    says: /Only if there is none, or its requests are to be paid for once more/,
    cure: async (patient, hint) => {
      await follow(patient, hint, 'submit ')
      patient.remove(input)
      patient.server.finishBatches()
    },
  },
  ...(['runs', 'has ended'] as const).map((how): Cure => ({
    code: 'BatchMetadataMixedUp',
    about: `the metadata of another triple was copied over its own, whose batch ${how}; the own one is taken up again`,
    fall: async (patient) => {
      await twoSent(patient)
      if (how === 'has ended') patient.server.finishBatches()
      patient.put({ [metadata]: patient.read('workdir/batch_metadata_3.jsonl') })
    },
    says: /Else move this one out of workdir\/, take the own batch up again/,
    cure: async (patient, hint) => {
      patient.remove(metadata)
      await follow(patient, hint, 'adopt ')
      patient.server.finishBatches()
      await follow(patient, hint, 'run ')
    },
    ids: ['a', 'b', 'c', 'x', 'y'],
  })),
  {
    code: 'BatchMetadataMixedUp',
    about: 'two triples have the metadata of each other; both take their own batch up again',
    fall: async (patient) => {
      await twoSent(patient)
      const other = 'workdir/batch_metadata_3.jsonl'
      patient.put({ [metadata]: patient.read(other), [other]: patient.read(metadata) })
    },
    says: /Else move this one out of workdir\/, take the own batch up again/,
    cure: async (patient, hint) => {
      patient.remove(metadata)
      await follow(patient, hint, 'adopt ')
      const { hint: other } = errorOf(await patient.run(), '3')
      patient.remove('workdir/batch_metadata_3.jsonl')
      await follow(patient, other, 'adopt ')
      patient.server.finishBatches()
      await follow(patient, other, 'run ')
    },
    ids: ['a', 'b', 'c', 'x', 'y'],
  },
  {
    code: 'BatchMetadataMixedUp',
    about: 'the metadata of another triple stands beside an input that was never sent; it is moved away',
    fall: async (patient) => {
      patient.put({ 'workdir/batch_input_3.jsonl': otherRequests })
      await patient.run('--submit')
      patient.put({ [input]: requests, [metadata]: patient.read('workdir/batch_metadata_3.jsonl') })
    },
    says: /Else move this one out of workdir\/, then `batch-reconciler run/,
    cure: async (patient, hint) => {
      patient.remove(metadata)
      await follow(patient, hint, 'run ')
      await patient.run('--submit')
      patient.server.finishBatches()
    },
    ids: ['a', 'b', 'c', 'x', 'y'],
  },
  {
    code: 'BatchMetadataMixedUp',
    about: 'the metadata of another triple was copied over its own; the own one is put back',
    fall: async (patient) => {
      await twoSent(patient)
      patient.put({ 'own.jsonl': patient.read(metadata) })
      patient.put({ [metadata]: patient.read('workdir/batch_metadata_3.jsonl') })
    },
    says: /Put the batch_metadata_4\.jsonl of triple 4 back if you have it/,
    cure: (patient) => {
      patient.put({ [metadata]: patient.read('own.jsonl') })
      patient.server.finishBatches()
    },
    ids: ['a', 'b', 'c', 'x', 'y'],
  },
  {
    code: 'NoProvider',
    about: 'a batch waits and no key is set; it is set',
    fall: async (patient) => {
      await sent(patient)
      delete patient.env[key]
    },
    says: /Set the key \(OPENAI_API_KEY/,
    cure: (patient) => {
      patient.env[key] = 'sk-of-the-tests'
    },
  },
  {
    code: 'BatchOverdue',
    about: 'the batch does not end; it is cancelled, and the rest is sent again',
    server: { clock: lateServer },
    fall: async (patient) => {
      lateServer.behindMs = 30 * 3_600_000
      patient.put({ [input]: requests })
      await patient.run('--submit')
    },
    says: /Look at the batch at the server/,
    cure: async (patient, hint) => {
      await follow(patient, hint.replace(/(cancel .*?)`/, '$1 --yes`'), 'cancel ')
      patient.server.finishBatches()
      await patient.run()
      lateServer.behindMs = 0
      await follow(patient, hint, 'retry ')
      patient.server.finishBatches()
    },
  },
  {
    code: 'BatchUnknown',
    about: 'the batch id was edited, and nothing tells the right one; it is adopted',
    fall: async (patient) => {
      await sent(patient)
      patient.put({ [metadata]: metadataText({ batch_id: 'batch_typo', input_file_id: '' }) })
    },
    says: /To put it right/,
    cure: async (patient, hint) => {
      const id = firstBatch(patient) ?? ''
      await follow(patient, hint.replace('<batch id>', id), 'adopt ')
    },
  },
  {
    code: 'BatchUnknown',
    about: 'the batch is gone, and nothing shows it; a person has looked',
    fall: async (patient) => {
      await sent(patient)
      patient.put({ [metadata]: metadataText({ batch_id: 'batch_typo', input_file_id: '' }) })
    },
    says: /Only when you have seen that the batch is gone there/,
    cure: async (patient, hint) => {
      await follow(patient, hint, 'submit ')
      patient.takeOut('4')
      patient.server.finishBatches()
    },
  },
  {
    code: 'BatchFilesGone',
    about: 'the server knows no such batch any more; the input is sent again',
    fall: async (patient) => {
      await sent(patient)
      const gone = firstBatch(patient) ?? ''
      patient.server.script({
        on: 'batches.retrieve',
        when: ({ id }) => id === gone,
        times: Infinity,
        effect: {
          type: 'answer',
          status: 404,
          body: { error: { message: `No batch found with id '${gone}'.` } },
        },
      })
      patient.server.script(faults.listLags({ ms: Infinity }))
    },
    says: /take the input and its metadata out of workdir\/ and send the input with `submit --again`/,
    cure: async (patient) => {
      await submitAgain(patient, join(patient.takeOut('4'), 'batch_input_4.jsonl'))
      patient.server.finishBatches()
    },
  },
  {
    code: 'BatchEndedWithoutFiles',
    about: 'the batch ended and names no file; the input is sent again',
    fall: async (patient) => {
      const nothing = { output_file_id: null, error_file_id: null, request_counts: null }
      patient.server.script(
        faults.misreported((batch) => (batch.id === firstBatch(patient) ? { ...batch, ...nothing } : batch), {
          times: Infinity,
        }),
      )
      await sent(patient)
    },
    says: /take the input and its metadata out of workdir\/ and send the input with `submit --again`/,
    cure: async (patient) => {
      await submitAgain(patient, join(patient.takeOut('4'), 'batch_input_4.jsonl'))
      patient.server.finishBatches()
    },
  },
  {
    code: 'AccessDenied',
    about: 'the key is wrong; the right one is set',
    server: { apiKey: 'sk-of-the-tests' },
    fall: async (patient) => {
      await sent(patient)
      patient.env[key] = 'sk-of-somebody-else'
    },
    says: /Check the API key/,
    cure: (patient) => {
      patient.env[key] = 'sk-of-the-tests'
    },
  },
  {
    code: 'QuotaExhausted',
    about: 'the account has no money left for another input, so that this one was not begun; credit is added',
    server: { faults: [faults.quotaExhausted('batches.create', { times: 1 })] },
    fall: (patient) => {
      patient.put({
        'workdir/batch_input_3.jsonl': requests.replaceAll('Say ', 'Do say '),
        [input]: requests,
      })
      patient.put({ [input]: requests.replaceAll('Say ', 'Please do say ') })
      patient.runFlags.push('--submit', '--concurrency', '1')
    },
    says: /then `batch-reconciler run .* --submit`: nothing of it was begun/,
    cure: async (patient, hint) => {
      patient.runFlags.length = 0
      await follow(patient, hint, 'run ')
      patient.server.finishBatches()
    },
    ids: [...ids, ...ids],
  },
  {
    code: 'OverBudget',
    about: 'nobody can tell what the answers may take; it is said with what to reckon',
    fall: (patient) => {
      patient.put({ [input]: requests })
      patient.runFlags.push('--submit', '--max-tokens', '1000000')
    },
    says: /Say with how many tokens to reckon for each/,
    cure: async (patient, hint) => {
      patient.runFlags.length = 0
      await follow(patient, hint, 'run ')
      patient.server.finishBatches()
    },
  },
  {
    code: 'OverBudget',
    about: 'the answers may take more than the limit; it is raised as the hint says',
    fall: (patient) => {
      patient.put({ [input]: requests })
      patient.runFlags.push('--submit', '--max-tokens', '100', '--assume-tokens', '400')
    },
    says: /--max-tokens/,
    cure: async (patient, hint) => {
      patient.runFlags.length = 0
      await follow(patient, hint, 'run ')
      patient.server.finishBatches()
    },
  },
  {
    code: 'OverBudget',
    about: 'the batch is larger than what may be under way at once; the limit is raised as the hint says',
    fall: (patient) => {
      patient.put({ [input]: requests })
      patient.runFlags.push('--submit', '--max-open-tokens', '20')
    },
    says: /Raise the limit: .* --max-open-tokens/,
    cure: async (patient, hint) => {
      patient.runFlags.length = 0
      await follow(patient, hint, 'run ')
      patient.server.finishBatches()
    },
  },
  {
    code: 'OverBudget',
    about: 'the batch is larger than what may be under way at once; it is sent in smaller ones',
    fall: (patient) => {
      // All three have more tokens than that, and each of them fewer bytes.
      const wordy = requests.replaceAll('Say ', 'Say it '.concat('a b c d e f g h '.repeat(20)))
      patient.put({ [input]: wordy })
      patient.runFlags.push('--submit', '--max-open-tokens', '470')
    },
    says: /take its files out of workdir\/ and `submit` its input with --again --max-batch-bytes \d+/,
    cure: async (patient, hint) => {
      const path = join(patient.takeOut('4'), 'batch_input_4.jsonl')
      const [, most = ''] = /--max-batch-bytes (\d+)/.exec(hint) ?? []
      const { exitCode, stderr } = await patient.command(
        'submit',
        patient.root,
        path,
        '--again',
        '--max-batch-bytes',
        most,
      )
      expect(exitCode, stderr).toBe(0)
      patient.server.finishBatches()
    },
  },
  {
    code: 'QuotaExhausted',
    about: 'the account has no money left; credit is added',
    server: { faults: [faults.quotaExhausted('batches.create', { times: 1 })] },
    fall: (patient) => {
      patient.put({ [input]: requests })
      patient.runFlags.push('--submit')
    },
    says: /Add credit or raise the limit of the account, then run again/,
    cure: async (patient) => {
      await patient.run()
      patient.server.finishBatches()
    },
  },
  {
    code: 'RequestRefused',
    about: 'the base URL lacks its path; the hint has the right one',
    fall: async (patient) => {
      patient.put({ [input]: requests })
      patient.runFlags.push('--submit')
      patient.env[server] = await serveBelow('/v1', patient)
    },
    says: /The base URL usually ends in \/v1: try/,
    cure: async (patient, hint) => {
      patient.env[server] = /try (\S+)/.exec(hint)?.[1] ?? ''
      await patient.run()
      patient.server.finishBatches()
    },
  },
  {
    code: 'RequestsFileInvalid',
    about: 'a line of an input is no request; it is mended',
    fall: (patient) => {
      patient.put({ [input]: requests.replace('"method":"POST",', '') })
      patient.runFlags.push('--submit')
    },
    says: /Nothing was uploaded.*mend all of them, then give the same command again/,
    cure: async (patient) => {
      patient.put({ [input]: requests })
      await patient.run()
      patient.server.finishBatches()
    },
  },
  ...(['submit', 'submit --again'] as const).map((way): Cure => ({
    code: 'RequestsSentBefore',
    about: `a file that was grown; it goes by \`${way}\``,
    fall: async (patient) => {
      patient.put({ 'workdir/batch_input_3.jsonl': jsonl(requestLine('a')) })
      await patient.run('--submit')
      patient.put({ [input]: requests })
      patient.runFlags.push('--submit')
    },
    says: /sends only the new ones, with --again all of them; then take .* away/,
    cure: async (patient, hint) => {
      // The other way is named by its flag alone.
      await follow(patient, way === 'submit' ? hint : hint.replace(/` sends/, ' --again` sends'), 'submit')
      patient.takeOut('4')
      patient.server.finishBatches()
    },
    ids: way === 'submit' ? ids : ['a', ...ids],
  })),
  {
    code: 'RequestsSentBefore',
    about: 'its answers lie beside it under another name; they are brought in',
    fall: (patient) => {
      patient.put({ [input]: requests, 'workdir/batch_68a1f0_output.jsonl': answers(...ids) })
      patient.runFlags.push('--submit')
    },
    says: /Bring the answers in/,
    cure: async (patient, hint) => {
      await follow(patient, hint, 'import ')
      expect(patient.server.batches()).toEqual([])
      patient.remove('workdir/batch_68a1f0_output.jsonl')
    },
  },
  {
    code: 'RequestsSentBefore',
    about: 'a copy of a file that was sent; it is taken away',
    fall: async (patient) => {
      patient.put({ 'workdir/batch_input_3.jsonl': requests })
      await patient.run('--submit')
      patient.put({ [input]: requests })
      patient.runFlags.push('--submit')
    },
    says: /^Take .*batch_input_4\.jsonl'? away/,
    cure: (patient) => void patient.takeOut('4'),
  },
  {
    code: 'WorkspaceLocked',
    about: 'a lock of a host that is gone; it is unlocked',
    fall: (patient) =>
      patient.put({
        [input]: requests,
        [output]: answers(...ids),
        '.batch-reconciler.lock': JSON.stringify({
          host: 'gone.example',
          pid: 7,
          process_start: null,
          token: '0'.repeat(32),
          acquired_at_ms: 1_700_000_000_000,
        }),
      }),
    says: /If you know that it is gone/,
    cure: (patient, hint) => follow(patient, hint, 'unlock'),
  },
  ...([401, 403] as const).map((status): Cure => ({
    code: 'AccessDenied',
    about: `a batch that no list shows is refused with ${status}; the right is given`,
    fall: async (patient) => {
      await sent(patient)
      patient.server.script(faults.listLags({ ms: Infinity }))
      patient.server.script(refusedUntil(patient, 'batches.retrieve', status))
    },
    says: /Check the API key, its project and its permissions/,
    cure: (patient) => patient.put({ [allowed]: '' }),
  })),
  {
    code: 'AccessDenied',
    about: 'the files of the batch may not be fetched; the right is given',
    fall: async (patient) => {
      await sent(patient)
      patient.server.script(refusedUntil(patient, 'files.content', 403))
    },
    says: /Check the API key, its project and its permissions/,
    cure: (patient) => patient.put({ [allowed]: '' }),
  },
  {
    code: 'RequestRefused',
    about: 'a proxy takes no body of that size; the lines go as smaller files',
    fall: (patient) => {
      patient.put({ [input]: requests })
      patient.server.script(refusedUntil(patient, 'files.create', 413))
      patient.runFlags.push('--submit')
    },
    says: /move the input and its metadata out of workdir\/, .* submit its lines as several smaller files with `submit --again`/,
    cure: async (patient) => {
      // The refusal says it all: nobody is sent to look for a batch that cannot be there.
      expect((await patient.command('status', patient.root)).stderr).not.toContain('not confirmed')
      const taken = patient.takeOut('4')
      patient.put({ [allowed]: '' })
      for (const id of ids)
        await submitAgain(patient, writeTo(join(taken, `${id}.jsonl`), jsonl(requestLine(id))))
      patient.server.finishBatches()
    },
  },
  {
    code: 'NotARegularFile',
    about: 'a link that leads nowhere stands where the answers belong; it is moved away',
    fall: (patient) => {
      patient.put({ [input]: requests })
      symlinkSync('/nowhere/answers.jsonl', join(patient.root, output))
    },
    says: /Move it away/,
    cure: (patient) => {
      patient.remove(output)
      patient.put({ [output]: answers(...ids) })
    },
  },
  {
    code: 'NotARegularFile',
    about: 'a pipe stands where the input belongs; it is moved away',
    fall: (patient) => {
      patient.put({ [output]: answers(...ids) })
      execFileSync('mkfifo', [join(patient.root, input)])
    },
    says: /Move it away/,
    cure: (patient) => {
      patient.remove(input)
      patient.put({ [input]: requests })
    },
  },
  ...['target', 'done', 'logs', 'failed-items'].map((folder): Cure => ({
    code: 'FileSystemError',
    about: `a file stands where ${folder}/ belongs; it is moved away`,
    fall: (patient) => patient.put({ [input]: requests, [output]: answers(...ids), [folder]: 'My notes.' }),
    says: /Move it away, or give it another name, then run again/,
    cure: (patient) => patient.remove(folder),
  })),
  {
    code: 'RequestIdsMismatch',
    about: 'the outputs of two triples were swapped; the right ones are put in place',
    fall: (patient) =>
      patient.put({
        [input]: requests,
        [output]: answers('x'),
        'workdir/batch_input_5.jsonl': jsonl(requestLine('x')),
        'workdir/batch_output_5.jsonl': answers(...ids),
      }),
    says: /Check that input, output and error file come from the same batch; put the right ones in place and run again/,
    cure: (patient) =>
      patient.put({ [output]: answers(...ids), 'workdir/batch_output_5.jsonl': answers('x') }),
    ids: [...ids, 'x'],
  },
  {
    code: 'RequestIdsMismatch',
    about: 'the answers are compressed; they are converted with the command of the hint',
    fall: (patient) => {
      patient.put({ [input]: requests })
      writeFileSync(join(patient.root, output), gzipSync(answers(...ids)))
    },
    says: /Convert it in place: gzip -dc </,
    cure: (_, hint) => {
      execFileSync('sh', ['-c', /Convert it in place: (.*?), then run again/.exec(hint)?.[1] ?? 'false'])
    },
  },
  {
    code: 'MissingBatchInputFileButOthersExist',
    about: 'the input has a name with a leading zero; it is put beside the answers as the hint names it',
    fall: (patient) => patient.put({ 'workdir/batch_input_04.jsonl': requests, [output]: answers(...ids) }),
    says: /Put batch_input_4\.jsonl back beside it/,
    cure: (patient) =>
      renameSync(join(patient.root, 'workdir/batch_input_04.jsonl'), join(patient.root, input)),
  },
  {
    code: 'WorkspaceNotFound',
    about: 'the files lie beside workdir/; they are moved into it',
    fall: (patient) => {
      patient.remove('workdir')
      patient.put({ 'batch_input_4.jsonl': requests, 'batch_output_4.jsonl': answers(...ids) })
    },
    says: /Move the batch files into a directory workdir\/ in it/,
    cure: (patient) => {
      mkdirSync(join(patient.root, 'workdir'))
      for (const name of ['batch_input_4.jsonl', 'batch_output_4.jsonl'])
        renameSync(join(patient.root, name), join(patient.root, 'workdir', name))
    },
  },
  {
    code: 'WrongUsage',
    about: 'the module of the processor is broken; it is mended',
    fall: async (patient) => {
      const path = await processorModule('export function processOutput( {')
      patient.runFlags.push('--processor', path)
      patient.put({ [input]: requests, [output]: answers(...ids) })
    },
    says: /Mend the module, then run again/,
    cure: (patient) => {
      // A module that was loaded once in this process stays as it was: the mended one stands under another name.
      const [, path = ''] = patient.runFlags
      patient.runFlags[1] = writeTo(
        path.replace(/\.\w+$/, '-mended.mjs'),
        'export function processOutput() {}',
      )
    },
  },
  {
    code: 'ProofMissing',
    about: '`verify`: files were moved to done/ by hand; they are moved back, and run',
    fall: (patient) =>
      patient.put({ 'done/batch_input_4.jsonl': requests, 'done/batch_output_4.jsonl': answers(...ids) }),
    says: /move the files of index 4 from done\/ back into workdir\/, then run/,
    cure: (patient) => {
      for (const kind of ['input', 'output']) {
        const name = `batch_${kind}_4.jsonl`
        renameSync(join(patient.root, 'done', name), join(patient.root, 'workdir', name))
      }
    },
  },
  {
    code: 'ProofMismatch',
    about: '`verify`: a finished file was edited; it is put back from a backup',
    fall: async (patient) => {
      patient.put({ [input]: requests, [output]: answers(...ids) })
      await patient.run()
      patient.put({ 'done/batch_output_4.jsonl': answers(...ids).replace('Here is b.', 'Here is B.') })
    },
    says: /Put them back from a backup/,
    cure: (patient) => patient.put({ 'done/batch_output_4.jsonl': answers(...ids) }),
  },
]

/** Until this file stands in the workspace, the server refuses what `refusedUntil` says. */
const allowed = 'is-allowed'

const refusedUntil = (patient: Patient, on: Fault['on'], status: number): Fault => ({
  on,
  when: () => !existsSync(join(patient.root, allowed)),
  times: Infinity,
  effect: { type: 'answer', status, body: { error: { message: `Refused with ${status}.` } } },
})

const strangeAnswers = jsonl(...ids.map((id) => JSON.stringify({ custom_id: id, result: { text: id } })))

const firstBatch = ({ server: { batches } }: Patient): string | undefined => batches()[0]?.id

/** Codes that no triple rests with, or whose cure is followed in another place: where, or why nowhere. */
const elsewhere: Partial<Record<ProblemCode, string>> = {
  InvalidBatchIndex: 'engine/retry-by-hand.test.ts',
  MissingFilePath: 'actors/account-for-facts.test.ts',
  BatchStillProcessing: 'conformance/client.test.ts',
  TooManyRequests: 'more requests than a test can write',
  MissingOutputFileId: 'reserved',
  MissingErrorFileId: 'reserved',
  UnknownBatchStatus: 'reserved',
  FileChangedDuringRun: 'faults/swapped-files.test.ts',
  OutputFileAlreadyExists: 'actors/download-files.test.ts',
  ErrorFileAlreadyExists: 'as the output file',
  DiskFull: 'engine/bad-input.test.ts',
  PermissionDenied: 'engine/bad-input.test.ts',
  NetworkError: 'passes by itself',
  RateLimited: 'passes by itself',
  TripleTaken: 'passes by itself',
  QueueUnavailable: 'bullmq/bad-redis.test.ts',
  StorageCheckFailed: 'workspace/storage-check.test.ts',
  ServerNotSupported: 'providers/openai/quirks.test.ts',
  SubmissionAmbiguous: 'server/absence.test.ts',
  NothingToRetry: 'engine/retry-by-hand.test.ts',
  NothingToAccept: 'engine/accept-triple.test.ts',
  AdoptionRefused: 'engine/adopt-batch.test.ts',
  RetryInputConflict: 'engine/retries.test.ts',
  ActorNotProvided: 'wrong usage of a machine',
  Interrupted: 'nothing is wrong',
  UnexpectedError: 'a fault of ours',
}

describe('every cure works when followed to the letter:', () => {
  test('each code has one here, or a reason why not', () => {
    const here = new Set<string>(cures.map(({ code }) => code))
    const both = problemCodes.filter((code) => here.has(code) === (elsewhere[code] !== undefined))
    expect(both).toEqual([])
    for (const [code, place] of Object.entries(elsewhere).filter(([, text]) => text.endsWith('.test.ts'))) {
      expect(readFileSync(new URL(`../${place}`, import.meta.url), 'utf8'), place).toContain(code)
    }
  })

  test.each(cures.map((cure) => [cure.code, cure.about, cure] as const))('%s: %s', async (code, _, cure) => {
    const patient = await newPatient(cure.server ?? {})
    await cure.fall(patient)
    const sick = cure.about.startsWith('`verify`')
      ? await patient.command('verify', patient.root, '--json')
      : await patient.run()
    expect(sick.exitCode, sick.stdout + sick.stderr).not.toBe(0)
    const { code: seen, hint } = problemOf(sick)
    expect(seen, hint).toBe(code)
    expect(hint).toMatch(cure.says)
    await cure.cure(patient, hint)
    await untilDone(patient)
    expect(answersOf(patient)).toEqual((cure.ids ?? ids).map((id) => `${id} success`).toSorted())
    const proven = await patient.command('verify', patient.root)
    expect(proven.exitCode, proven.stderr).toBe(0)
  })
})

/** Of `--json`; a command that did not begin says it on the screen. */
function problemOf(sick: { readonly stdout: string; readonly stderr: string; readonly exitCode: number }) {
  if (sick.stdout !== '') return errorOf(sick, '4')
  const [, code = '', hint = ''] = /✗ (\w+): [^]*?\n {2}→ (.+)/.exec(sick.stderr) ?? []
  return { code, hint }
}

/** A person runs it once or twice more, and is done. */
async function untilDone(patient: Patient): Promise<void> {
  let last = await patient.run()
  for (let more = 1; more <= 2 && patient.names('workdir').length > 0; more += 1) {
    patient.server.finishBatches()
    last = await patient.run()
  }
  expect(patient.names('workdir'), last.stdout + last.stderr).toEqual([])
  expect(last.exitCode, last.stdout + last.stderr).toBe(0)
}

describe('what failed for good is told with the command that sends it again, and the command works:', () => {
  test.each([
    ['a refused request', errorLine('c', 400), 'retry '],
    ['a request that a quota refused', errorLine('c', 429, 'insufficient_quota'), 'retry '],
    ['a request that a key refused', errorLine('c', 401, 'invalid_api_key'), 'retry '],
  ])('%s', async (_, line, begin) => {
    const patient = await newPatient({})
    patient.put({
      [input]: requests,
      [output]: answers('a', 'b'),
      'workdir/batch_error_4.jsonl': jsonl(line),
    })
    expect((await patient.run()).exitCode).toBe(0)
    const status = await patient.command('status', patient.root)
    expect(status.stderr).toContain('1 of 3 requests of triple 4 failed for good')
    const json = await patient.command('status', patient.root, '--json')
    expect(jsonLines(json.stdout)).toContainEqual(expect.objectContaining({ index: '4', failed_for_good: 1 }))
    await follow(patient, /→ (`batch-reconciler retry .*`) sends/.exec(status.stderr)?.[1] ?? '', begin)
    patient.server.finishBatches()
    await untilDone(patient)
    expect(answersOf(patient)).toEqual(ids.map((id) => `${id} success`))
  })

  test('what never ran since its batch was cancelled', async () => {
    const patient = await newPatient({})
    patient.server.plan({ ending: { status: 'cancelled', afterShare: 0.4 } })
    await sent(patient)
    expect((await patient.run()).exitCode).toBe(0)
    const status = await patient.command('status', patient.root)
    expect(status.stderr).toContain('2 of 3 requests of triple 4 never ran: somebody cancelled the batch.')
    await follow(patient, /→ (`batch-reconciler retry .*`) sends 2/.exec(status.stderr)?.[1] ?? '', 'retry ')
    patient.server.finishBatches()
    await untilDone(patient)
    expect(answersOf(patient)).toEqual(ids.map((id) => `${id} success`))
    expect((await patient.command('status', patient.root)).stderr).not.toContain('never ran')
  })
})
