import { describe, expect, test } from 'vitest'
import { planWorkspace, reconcileWorkspace } from '../../src/index.js'
import { answerLine, answeredTriple, idsUpTo, jsonl, requestLine } from '../engine/lines.js'
import { impatientClock, reportOf } from '../engine/workspaces.js'
import { withWorkspace } from '../workspace/support.js'

const input = (index: string, ids: readonly string[]) => ({
  [`workdir/batch_input_${index}.jsonl`]: jsonl(...ids.map((id) => requestLine(id))),
})
const output = (index: string, ids: readonly string[]) => ({
  [`workdir/batch_output_${index}.jsonl`]: jsonl(...ids.map((id) => answerLine(id, `Here is ${id}.`))),
})
const [ours, theirs] = [idsUpTo(8, 'ours-'), idsUpTo(8, 'theirs-')]

/** What a run, and a plan before it, say of triple 1; both say the same. */
function messageOf(files: Readonly<Record<string, string>>): Promise<string | undefined> {
  return withWorkspace(files, async (workspace) => {
    const plan = await planWorkspace(workspace, { shouldCheckIds: true })
    const report = await reconcileWorkspace(workspace, { clock: impatientClock })
    const { problem } = reportOf(report, '1')
    expect(problem?.code).toBe('RequestIdsMismatch')
    expect(plan.triples.find(({ index }) => index === '1')?.problem?.message).toBe(problem?.message)
    return problem?.message
  })
}

const owner = (index: string, words = 'all 5 that were looked for are'): RegExp =>
  new RegExp(`They seem to be answers to triple ${index}: ${words} among its requests\\.$`)

describe('answers that are to none of the requests', () => {
  test('are those of a triple beside it, which is named: two outputs changed places', async () => {
    const files = { ...input('1', ours), ...output('1', theirs), ...input('2', theirs), ...output('2', ours) }
    expect(await messageOf(files)).toMatch(owner('2'))
  })

  test('also when only one row is strange, and the other triple is finished', async () => {
    const done = Object.entries(answeredTriple('2', theirs)).map(([path, text]) => [
      path.replace('workdir/', 'done/'),
      text,
    ])
    const files = { ...input('1', ours), ...output('1', [...ours, 'theirs-1']), ...Object.fromEntries(done) }
    expect(await messageOf(files)).toMatch(owner('2', 'the one that was looked for is'))
  })

  test.each([
    ['no triple has them', input('2', ['other'])],
    ['two triples have them', { ...input('2', theirs), ...input('3', [...theirs, 'more']) }],
    ['another triple has some of them', input('2', theirs.slice(0, 2))],
    ['the other input cannot be read', { 'workdir/batch_input_2.jsonl': '{"custom_id":' }],
  ])('are not given to any where %s', async (_, others) => {
    expect(await messageOf({ ...input('1', ours), ...output('1', theirs), ...others })).not.toMatch(
      /They seem to be/,
    )
  })

  test('are looked for in twenty inputs at most, those beside it first', async () => {
    const many = Object.assign(
      {},
      ...idsUpTo(30, '').map((index) => input(`${Number(index) + 9}`, [`x${index}`])),
    )
    const far = { ...many, ...input('1', ours), ...output('1', theirs), ...input('99', theirs) }
    expect(await messageOf(far)).not.toMatch(/They seem to be/)
    const near = { ...many, ...input('1', ours), ...output('1', theirs), ...input('3', theirs) }
    expect(await messageOf(near)).toMatch(owner('3'))
  })
})
