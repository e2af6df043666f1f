import { describe, expect, test } from 'vitest'
import {
  planWorkspace,
  reconcileWorkspace,
  retryByHand,
  verifyWorkspace,
  type BatchWorkspace,
} from '../../src/index.js'
import { putFiles, rejection, withWorkspace } from '../workspace/support.js'
import { answerLine, errorLine, jsonl, metadataText, requestLine } from './lines.js'
import { impatientClock, namesIn, reportOf, rowsOf, sha256 } from './workspaces.js'

const sent = jsonl(requestLine('a'), requestLine('b'))
const changed = jsonl(requestLine('a', 'Say something else.'), requestLine('b'))
const answers = jsonl(answerLine('a', 'yes'), answerLine('b', 'no'))
const failing = jsonl(answerLine('a', 'yes'), errorLine('b', 503, 'server_error'))

const triple = (input: string, output: string | null, fields: Readonly<Record<string, unknown>> = {}) => ({
  'workdir/batch_input_1.jsonl': input,
  ...(output !== null && { 'workdir/batch_output_1.jsonl': output }),
  'workdir/batch_metadata_1.jsonl': metadataText({
    input_sha256: sha256(sent),
    remote_status: 'completed',
    ...fields,
  }),
})

async function run(workspace: BatchWorkspace) {
  const warnings: string[] = []
  const report = await reconcileWorkspace(workspace, {
    clock: impatientClock,
    onEvent: (event) => {
      if (event.type === 'warning') warnings.push(event.message)
    },
  })
  return { ...reportOf(report, '1'), warnings: warnings.join('\n') }
}

const plan = async (workspace: BatchWorkspace) =>
  (await planWorkspace(workspace, { shouldCheckIds: true })).triples[0]

const codes = async (workspace: BatchWorkspace) =>
  (await verifyWorkspace(workspace)).flatMap(({ problems }) => problems.map(({ code }) => code))

describe('an input that is not the one that was sent', () => {
  test('whose answers are here and match is processed, and said in plan, run and verify', () =>
    withWorkspace(triple(changed, answers), async (workspace) => {
      expect(await plan(workspace)).toMatchObject({ outcome: 'planned' })
      expect((await plan(workspace))?.why).toContain('is not the input that was sent')
      const report = await run(workspace)
      expect(report.outcome.type).toBe('done')
      expect(report.warnings).toContain('is not the input that was sent')
      expect(rowsOf(workspace, 'target/batch_results_1.jsonl')).toHaveLength(2)
      const [proof] = await verifyWorkspace(workspace)
      expect(proof).toMatchObject({ isProven: false, problems: [{ code: 'InputChanged' }] })
      expect(proof?.problems[0]?.message).toContain(sha256(sent).slice(0, 12))
      expect(proof?.problems[0]?.message).toContain(sha256(changed).slice(0, 12))
    }))

  test('of which a request would be sent again stops for a person before the retry is written', () =>
    withWorkspace(triple(changed, failing), async (workspace) => {
      const report = await run(workspace)
      expect(report).toMatchObject({
        outcome: { type: 'needs-attention' },
        problem: { code: 'InputChanged' },
      })
      expect(report.problem?.hint).toContain('Put the input that was sent back')
      expect(namesIn(workspace, 'workdir')).toHaveLength(3)
      expect(namesIn(workspace, 'done')).toEqual([])
      // The cure, to the letter.
      putFiles(workspace.root, { 'workdir/batch_input_1.jsonl': sent })
      expect((await run(workspace)).outcome.type).toBe('done')
      expect(namesIn(workspace, 'workdir')).toHaveLength(2)
      expect(await codes(workspace)).toEqual([])
    }))

  test('of a batch that expired stops as well, before what was not executed is sent', () =>
    withWorkspace(
      triple(changed, jsonl(answerLine('a', 'yes')), { remote_status: 'expired' }),
      async (workspace) => {
        expect((await run(workspace)).problem?.code).toBe('InputChanged')
      },
    ))

  test('whose ids do not match says so in the message of the mismatch', () =>
    withWorkspace(triple(jsonl(requestLine('c')), answers), async (workspace) => {
      for (const problem of [(await plan(workspace))?.problem, (await run(workspace)).problem]) {
        expect(problem).toMatchObject({ code: 'RequestIdsMismatch', needsPerson: true })
        expect(problem?.message).toContain('is not the input that was sent')
        expect(problem?.hint).toContain('Put the input that was sent back')
      }
    }))

  test('that waits for its batch is said by plan, and one that waits to be sent needs a person', async () => {
    await withWorkspace(triple(changed, null, { remote_status: 'in_progress' }), async (workspace) => {
      const planned = await plan(workspace)
      expect(planned).toMatchObject({ outcome: 'pending', problem: null })
      expect(planned?.why).toContain('is not the input that was sent')
    })
    await withWorkspace(triple(changed, null, { batch_id: '', remote_status: null }), async (workspace) => {
      expect(await plan(workspace)).toMatchObject({
        outcome: 'needs-attention',
        problem: { code: 'InputChanged' },
      })
    })
  })

  test('of a finished root is not sent again by hand either', () =>
    withWorkspace(triple(sent, jsonl(answerLine('a', 'yes'), errorLine('b'))), async (workspace) => {
      await run(workspace)
      putFiles(workspace.root, { 'done/batch_input_1.jsonl': changed })
      expect((await rejection(retryByHand(workspace, '1'))).code).toBe('InputChanged')
      expect(namesIn(workspace, 'workdir')).toEqual([])
    }))

  test.each([
    ['none', undefined],
    ['one in upper case', sha256(sent).toUpperCase()],
  ])('is told by a hash in the metadata: %s', (_, hash) =>
    withWorkspace(triple(sent, failing, { input_sha256: hash }), async (workspace) => {
      const report = await run(workspace)
      expect(report.outcome.type).toBe('done')
      expect(report.warnings).not.toContain('is not the input')
      expect(await codes(workspace)).toEqual([])
    }),
  )
})
