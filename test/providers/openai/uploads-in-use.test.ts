import { describe, expect, test } from 'vitest'
import { faults } from '../../../src/testing/index.js'
import type { UploadUse } from '../../../src/providers/batch-provider.js'
import type { OpenAiBatchProvider } from '../../../src/providers/openai/provider.js'
import {
  noSignal,
  rejection,
  sendJson,
  startAtMs,
  withHandler,
  withScene,
  type ScriptedScene,
} from './support.js'

const ask = async (
  { uploadsInUse }: OpenAiBatchProvider,
  fileIds: readonly string[],
  uploadedAtMs: number | null = null,
): Promise<UploadUse | undefined> => uploadsInUse?.({ fileIds, uploadedAtMs }, noSignal)

const batch = (id: number, status: string, inputFileId: string | null, ageSeconds = 0) => ({
  id: `batch_${id}`,
  object: 'batch',
  status,
  input_file_id: inputFileId,
  created_at: startAtMs / 1000 - ageSeconds,
})

/** A server that shows these pages, one after the other, and then an empty one. */
const withPages = (
  pages: readonly (readonly object[])[],
  use: (scene: ScriptedScene) => Promise<void>,
): Promise<void> =>
  withHandler((_, response, call) => {
    sendJson(response, { object: 'list', data: pages[call - 1] ?? [], has_more: call < pages.length })
  }, use)

describe('which uploads are in use', () => {
  test('those of batches that have not ended, on whatever page; others are not', () =>
    withPages(
      [
        [batch(1, 'completed', 'file-a'), batch(2, 'in_progress', 'file-b')],
        [
          batch(3, 'Cancelling', 'file-c'),
          batch(4, 'a status nobody knows', 'file-d'),
          batch(5, 'expired', 'file-e'),
        ],
      ],
      async ({ provider }) => {
        const use = await ask(provider, ['file-a', 'file-b', 'file-c', 'file-d', 'file-e'])
        expect(use).toEqual({ inUse: new Set(['file-b', 'file-c', 'file-d']), doubt: null })
      },
    ))

  test('the page after the last one is asked for: some servers call every page the last', () =>
    withHandler(
      (_, response, call) => {
        const data = [[batch(1, 'completed', 'file-a')], [batch(2, 'validating', 'file-a')]][call - 1] ?? []
        sendJson(response, { object: 'list', data, has_more: false })
      },
      async ({ provider }) => {
        expect((await ask(provider, ['file-a']))?.inUse).toEqual(new Set(['file-a']))
      },
    ))

  test('batches that are older than every upload are not read', () =>
    withHandler(
      (_, response, call) => {
        const data = Array.from({ length: 20 }, (_each, at) =>
          batch(call * 100 + at, 'completed', 'file-x', (call * 20 + at) * 600),
        )
        sendJson(response, { object: 'list', data, has_more: true })
      },
      async ({ provider, calls }) => {
        expect(await ask(provider, ['file-a'], startAtMs)).toEqual({ inUse: new Set(), doubt: null })
        expect(calls.length).toBeLessThan(4)
      },
    ))

  test.each([
    ['an open batch that does not name its upload', [batch(1, 'in_progress', null)], /batch_1 is open/],
    ['an entry that is no batch', [{ id: 'x', object: 'file' }], /no batch object/],
  ])('%s leaves a doubt', (_, page, doubt) =>
    withPages([page], async ({ provider }) => {
      expect((await ask(provider, ['file-a']))?.doubt).toMatch(doubt)
    }),
  )

  test('a list that repeats itself leaves a doubt', () =>
    withHandler(
      (_, response) =>
        sendJson(response, { object: 'list', data: [batch(1, 'completed', 'x')], has_more: true }),
      async ({ provider }) => {
        expect((await ask(provider, ['file-a']))?.doubt).toMatch(/repeat themselves/)
      },
    ))

  test('rejects where there is no list', () =>
    withScene({ faults: [faults.serverError('batches.list', { status: 404 })] }, async ({ provider }) => {
      expect((await rejection(ask(provider, ['file-a']))).code).toBe('RequestRefused')
    }))
})
