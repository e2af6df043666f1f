import { describe, expect, test } from 'vitest'
import { unconfirmedLines } from '../../src/cli/render/unconfirmed-text.js'
import { jsonl, metadataText, requestLine } from '../engine/lines.js'
import { putFiles } from '../workspace/support.js'
import { batchReconciler, jsonLines, temporaryFolder, type RunOptions } from './command-line.js'

const sinceMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const since = new Date(sinceMs).toISOString()

const asked = { intent_key: 'k', intended_at_ms: 0, input_file_id: 'file-9', asked_at_ms: sinceMs }
const begun = { intent_key: 'k', intended_at_ms: sinceMs }

/** A workspace in which a submission was cut off; nothing else is in it. */
async function folderWith(
  submission: object,
  fields: Readonly<Record<string, unknown>> = {},
  hasInput = true,
): Promise<string> {
  const root = await temporaryFolder()
  putFiles(root, {
    ...(hasInput ? { 'workdir/batch_input_7.jsonl': jsonl(requestLine('a')) } : {}),
    'workdir/batch_metadata_7.jsonl': metadataText({
      batch_id: '',
      input_file_id: '',
      submission,
      ...fields,
    }),
  })
  return root
}

const askedText = `1 submission is not confirmed: triple 7 (asked for at ${since}, upload file-9).\n`
const begunText = `1 submission is not confirmed: triple 7 (begun at ${since}).\n`

describe('a submission that is not confirmed', () => {
  test.each(['run', 'plan', 'status'])('is named by %s without a key, with what to do', async (command) => {
    const root = await folderWith(asked)
    const { exitCode, stdout, stderr } = await batchReconciler([command, root])
    expect(exitCode).toBe(0)
    expect(stderr).toContain(askedText)
    expect(stderr).toContain('`run` or `watch` with the key of the server')
    expect(stderr).toContain(`batch-reconciler adopt ${root} 7 <batch id>`)
    expect(stderr).toContain(`batch-reconciler adopt ${root} 7 none`)
    expect(stdout + stderr).not.toMatch(/nothing to do|never submitted|not submitted|not sent/)
    const [json] = jsonLines((await batchReconciler([command, root, '--json'])).stdout)
    expect(json).toMatchObject({ index: '7', unconfirmed_since: since })
  })

  test.each(['run', 'plan', 'status'])(
    'that was not asked for yet is no case for adopt none, says %s',
    async (command) => {
      const { stderr } = await batchReconciler([command, await folderWith(begun)])
      expect(stderr).toContain(begunText)
      expect(stderr).not.toContain('adopt')
    },
  )

  test('is named when its input is gone, and its metadata is not to be removed', async () => {
    const { exitCode, stderr } = await batchReconciler(['run', await folderWith(asked, {}, false)])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(askedText)
    expect(stderr).toContain('keep the metadata')
  })

  test('is named by a run that was stopped before it came to it', async () => {
    const stopped: RunOptions = { signal: AbortSignal.abort() }
    const { exitCode, stderr } = await batchReconciler(['run', await folderWith(asked)], stopped)
    expect(exitCode).toBe(130)
    expect(stderr).toContain(askedText)
    expect(stderr).not.toContain('nothing to do')
  })

  test.each([
    ['a batch is known', asked, { batch_id: 'batch_1' }],
    [
      'the server has no room, and refused it in so many words',
      { ...asked, asked_at_ms: null },
      { room: { since_ms: 0, refusals: 1, next_try_at_ms: 0 } },
    ],
  ])('is none when %s', async (_, submission, fields) => {
    const root = await folderWith(submission, fields)
    for (const command of ['run', 'plan', 'status'])
      expect((await batchReconciler([command, root])).stderr).not.toContain('not confirmed')
  })

  test('is counted, and the first ones are named, when there are many', async () => {
    const root = await folderWith(asked)
    for (let index = 10; index < 20; index += 1) {
      putFiles(root, {
        [`workdir/batch_input_${index}.jsonl`]: jsonl(requestLine(`r-${index}`)),
        [`workdir/batch_metadata_${index}.jsonl`]: metadataText({ batch_id: '', submission: begun }),
      })
    }
    const { stderr } = await batchReconciler(['run', root])
    expect(stderr).toContain('11 triples: 11 not confirmed.\n')
    expect(stderr).toMatch(/^11 submissions are not confirmed: triple 7 .* and 6 more\.$/m)
  })

  test('is told once where only a person can settle it: looking again is no advice then', () => {
    const submissions = ['7', '8'].map((index) => ({ index, sinceMs, wasAsked: true, inputFileId: null }))
    const problem = { code: 'SubmissionAmbiguous', needsPerson: true } as const
    const passing = { code: 'SubmissionAmbiguous' } as const
    const linesOf = (...triples: Parameters<typeof unconfirmedLines>[1][number][]) =>
      unconfirmedLines(submissions, triples, '/batches').join('\n')
    expect(linesOf({ index: '7', problem }, { index: '8', problem })).toBe('')
    expect(linesOf({ index: '7', problem }, { index: '8', problem: passing })).toMatch(
      /^1 submission is not confirmed: triple 8 /,
    )
    expect(linesOf({ index: '7', problem: null })).toMatch(/^2 submissions are not confirmed: triple 7 /)
  })
})
