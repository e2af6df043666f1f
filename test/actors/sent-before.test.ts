import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { identityBytes } from '../../src/accounting/requests/request-identity.js'
import { sentBefore, type SentBefore } from '../../src/actors/sent-before.js'
import type { BatchIndex } from '../../src/workspace/batch-index.js'
import { readMetadata } from '../../src/workspace/metadata.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk } from '../workspace/support.js'
import {
  inputOf,
  jsonl,
  metadataText,
  namesIn,
  noSignal,
  rejection,
  requestLine,
  stepScene,
  submitted,
  type StepScene,
} from './support.js'

const put = (index: string, ...ids: readonly string[]): Record<string, string> => ({
  [`workdir/batch_input_${index}.jsonl`]: jsonl(...ids.map((id) => requestLine(id))),
})

/** Asks for triple `index` by its own metadata, as its submission does. */
async function ask(
  scene: StepScene,
  asked: SentBefore,
  index: string,
  workspace = scene.workspace,
): Promise<void> {
  const metadata = await readMetadata(scene.workspace, scene.workspace.layout.workdirFile('metadata', index))
  return asked.requireNew({ workspace, warn: () => {}, signal: noSignal }, index, metadata)
}

describe('an input that somebody put there', () => {
  test('stops when a request of it stands in a triple that was sent, and names both ways on', async () => {
    const scene = await stepScene({ ...inputOf(2), ...put('2', 'row-1', 'row-2', 'new') })
    await submitted(scene)
    const { root, layout } = scene.workspace
    const path = layout.workdirFile('input', '2')
    expect(await rejection(ask(scene, sentBefore(), '2'))).toMatchObject({
      code: 'RequestsSentBefore',
      message:
        '2 of 3 requests of batch_input_2.jsonl were sent before: triple 1 (2). Nothing of it was sent.',
      problem: {
        needsPerson: true,
        hint: `\`batch-reconciler submit ${root} ${path}\` sends only the new ones, with --again all of them; then take ${path} away.`,
        facts: { index: '2', path, requests: 3, repeats: 2, holders: ['1'] },
      },
    })
  })

  test('that repeats everything is to be taken away', async () => {
    const scene = await stepScene({ ...inputOf(1), ...put('2', 'row-1') })
    await submitted(scene)
    const { problem } = await rejection(ask(scene, sentBefore(), '2'))
    expect(problem.hint).toMatch(/^Take .*batch_input_2\.jsonl away\. To pay for these requests again: /)
  })

  test('names three of many triples that have its requests', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const others = ids.map((id, at) => ({
      ...put(`${at + 1}`, id),
      [`workdir/batch_metadata_${at + 1}.jsonl`]: metadataText({ batch_id: `batch_${at + 1}` }),
    }))
    const scene = await stepScene(Object.assign({}, put('9', ...ids), ...others) as Record<string, string>)
    expect((await rejection(ask(scene, sentBefore(), '9'))).message).toContain(
      '5 of 5 requests of batch_input_9.jsonl were sent before: triple 1 (1), triple 2 (1), triple 3 (1) and 2 more triples.',
    )
  })

  test('passes when nothing of it was sent, also where the same id has another body', async () => {
    const scene = await stepScene({
      ...inputOf(1),
      'workdir/batch_input_2.jsonl': jsonl(requestLine('row-1', 'Say something else.'), requestLine('new')),
    })
    await submitted(scene)
    await expect(ask(scene, sentBefore(), '2')).resolves.toBe(undefined)
  })
})

describe('two inputs that somebody put there', () => {
  test('with one request in both: the first may go, the second stops', async () => {
    const scene = await stepScene({ ...put('2', 'a', 'b'), ...put('3', 'a', 'c') })
    const asked = sentBefore()
    expect((await rejection(ask(scene, asked, '3'))).message).toContain('triple 2 (1)')
    await ask(scene, asked, '2')
  })

  test('of which the first stops: it holds nothing back', async () => {
    const scene = await stepScene({ ...inputOf(1), ...put('2', 'row-1', 'b'), ...put('3', 'b') })
    await submitted(scene)
    const asked = sentBefore()
    await rejection(ask(scene, asked, '2'))
    await expect(ask(scene, asked, '3')).resolves.toBe(undefined)
  })
})

test('a register that turns out to be damaged says nothing of answers that lie beside the input', async () => {
  const answer = JSON.stringify({ custom_id: 'a', response: { status_code: 200, body: {} }, error: null })
  const scene = await stepScene({
    ...put('2', 'b'),
    ...put('3', 'a'),
    'workdir/batch_abc_output.jsonl': `${answer}\n`,
  })
  expect((await rejection(ask(scene, sentBefore(), '3'))).message).toContain('answers requests of it')
  const { layout } = scene.workspace
  const [path, other] = [layout.registerFile('2'), layout.registerFile('3')]
  const damaged = readFileSync(path)
  damaged.set(readFileSync(other).subarray(0, identityBytes))
  writeFileSync(path, damaged)
  const inquiry = { workspace: scene.workspace, warn: () => {}, signal: noSignal, isReadOnly: true }
  await expect(sentBefore().requireNew(inquiry, '2' as BatchIndex, null)).resolves.toBe(undefined)
})

test.each([
  { batch_id: 'batch_7' },
  { batch_id: '', submission: { intent_key: 'k', intended_at_ms: 1 } },
  { batch_id: '', root_index: '2' },
])('what was judged when it was written passes without a look: %j', async (fields) => {
  const scene = await stepScene({
    ...inputOf(1),
    'workdir/batch_metadata_1.jsonl': metadataText({ batch_id: 'batch_1' }),
    ...put('2', 'row-1'),
    'workdir/batch_metadata_2.jsonl': metadataText(fields),
  })
  const reads = scene.log.length
  await ask(scene, sentBefore(), '2')
  expect(scene.log.slice(reads).filter(({ operation }) => operation === 'list')).toEqual([])
})

describe('one look', () => {
  test('serves all triples of a run, until it is forgotten', async () => {
    const scene = await stepScene({ ...put('2', 'a'), ...put('3', 'b') })
    const asked = sentBefore()
    const lists = () => scene.log.filter(({ operation }) => operation === 'list').length
    await ask(scene, asked, '2')
    const once = lists()
    await ask(scene, asked, '3')
    expect(lists()).toBe(once)
    asked.forget()
    await ask(scene, asked, '3')
    expect(lists()).toBeGreaterThan(once)
  })

  test('is taken again for an input that came since', async () => {
    const scene = await stepScene(put('2', 'a'))
    const asked = sentBefore()
    await ask(scene, asked, '2')
    scene.put(put('3', 'a'))
    expect((await rejection(ask(scene, asked, '3'))).code).toBe('RequestsSentBefore')
  })

  test('that failed for one does not stop the next', async () => {
    const scene = await stepScene({ ...put('2', 'a'), ...put('3', 'b') })
    const broken = onDisk(
      scene.workspace,
      faultFileSystem(scene.workspace.fileSystem, [{ operation: 'list', error: 'EIO' }]),
    )
    const asked = sentBefore()
    await expect(ask(scene, asked, '2', broken)).rejects.toThrow('EIO')
    await ask(scene, asked, '3')
    expect(namesIn(scene, 'workdir')).toHaveLength(2)
  })

  test.each([
    ['is taken again', 'EMFILE'],
    ['is taken again when it is forgotten', 'EIO'],
  ])('that the disk refused for one input keeps that one only, and %s: %s', async (_, error) => {
    const scene = await stepScene({ ...put('2', 'a'), ...put('3', 'b') })
    const path = 'batch_input_2.jsonl'
    const broken = onDisk(
      scene.workspace,
      faultFileSystem(scene.workspace.fileSystem, [{ operation: 'open', path, error }]),
    )
    const asked = sentBefore()
    expect((await rejection(ask(scene, asked, '2', broken))).message).toMatch(new RegExp(`${path}.*${error}`))
    await ask(scene, asked, '3', broken)
    if (error === 'EIO') asked.forget()
    await ask(scene, asked, '2')
  })
})
