import { describe, expect, test } from 'vitest'
import { faults } from '../../../src/testing/index.js'
import { noSignal, rejection, sendJson, withHandler, withScene, type Scene } from './support.js'

async function uploaded({ client }: Scene): Promise<string> {
  const file = new File(['{}\n'], 'a.jsonl')
  return (await client.files.create({ file, purpose: 'batch' })).id
}

describe('deleting a file', () => {
  test('deletes it, with one call', () =>
    withScene({}, async (scene) => {
      const id = await uploaded(scene)
      expect(await scene.provider.deleteFile?.(id, noSignal)).toBe('deleted')
      expect(scene.server.files()).toEqual([])
      expect(scene.server.requests().map(({ operation }) => operation)).toEqual([
        'files.create',
        'files.delete',
      ])
    }))

  test('of one that is not there says so, after a second look', () =>
    withScene({}, async (scene) => {
      expect(await scene.provider.deleteFile?.('file-nobody', noSignal)).toBe('gone')
      expect(scene.server.requests('files.retrieve')).toHaveLength(1)
    }))

  test('is refused where "not found" is said of a file that is there', () =>
    withScene({ faults: [faults.serverError('files.delete', { status: 404 })] }, async (scene) => {
      const id = await uploaded(scene)
      const error = await rejection(Promise.resolve(scene.provider.deleteFile?.(id, noSignal)))
      expect(error.code).toBe('RequestRefused')
    }))

  test('is a passing error when the server is in trouble, and is not tried twice', () =>
    withScene({ faults: [faults.serverError('files.delete')] }, async (scene) => {
      const id = await uploaded(scene)
      const { problem } = await rejection(Promise.resolve(scene.provider.deleteFile?.(id, noSignal)))
      expect([problem.isPassing, scene.server.requests('files.delete').length]).toEqual([true, 1])
    }))

  test.each([
    ['says nothing of it, and the file is gone', {}, 404, 'deleted'],
    ['says that it was not deleted, and the file is there', { deleted: false }, 200, 'NetworkError'],
    ['answers with another thing, and the file is there', [1], 200, 'NetworkError'],
  ])('of a server that %s', (_, answer, statusOfLook, expected) =>
    withHandler(
      ({ method }, response) => {
        if (method === 'DELETE') sendJson(response, answer)
        else sendJson(response, { id: 'file-1' }, statusOfLook)
      },
      async ({ provider, calls }) => {
        const deletion = Promise.resolve(provider.deleteFile?.('file-1', noSignal))
        const came = await deletion.catch((error: unknown) => (error as { readonly code: string }).code)
        expect([came, calls.length]).toEqual([expected, 2])
      },
    ),
  )
})
