import { historyOf } from '../../../src/engine/phase-history.js'
import { describe, expect, test } from 'vitest'
import { serveInspector } from '../../../src/inspect/server/serve-inspector.js'
import { ask, createSource, document, serve } from './scene.js'

const fail = (): never => {
  throw new Error('secret details')
}

describe('the inspector answers', () => {
  test('the page with its policy and every security header', async () => {
    const { headers, text } = await ask(await serve(), '/')
    expect(text).toBe(document.html)
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': document.contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'x-frame-options': 'DENY',
    })
  })

  test('a detail, with the texts of rows only when asked', async () => {
    const server = await serve()
    expect(JSON.parse((await ask(server, '/triples/1')).text)).toEqual({ index: '1', withRowTexts: false })
    expect(JSON.parse((await ask(server, '/triples/1?texts=1')).text)).toEqual({
      index: '1',
      withRowTexts: true,
    })
  })

  test('a replay', async () => {
    expect(JSON.parse((await ask(await serve(), '/triples/2/replay')).text)).toMatchObject({ index: '2' })
  })

  test.each([
    '/triples/9',
    '/triples/..%2F1/replay',
    '/triples/%zz',
    '/triples',
    '/triples/1/replay/x',
    '//',
    '/x',
  ])('404 to %s, which the source is never asked to read', async (path) => {
    const { source } = createSource(3, { detail: fail, replay: fail })
    expect((await ask(await serve({ source }), path)).status).toBe(404)
  })

  test('405 to another method', async () => {
    const server = await serve()
    expect(await ask(server, '/', { method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
    })
    expect((await ask(server, '/commands')).status).toBe(405)
  })

  test('500 without details when the source throws, and goes on', async () => {
    const { source } = createSource(3, {
      summaries: fail,
      detail: fail,
      replay: () => Promise.reject(new Error('secret details')),
      failedForGood: () => Promise.reject(new Error('secret details')),
      command: fail,
    })
    const server = await serve({ source })
    for (const path of ['/stream', '/triples/1', '/triples/1/replay', '/history', '/failed-for-good']) {
      expect(await ask(server, path)).toMatchObject({ status: 500, text: '' })
    }
    expect(await command(server, commandText())).toMatchObject({ status: 500, text: '' })
    expect((await ask(server, '/')).status).toBe(200)
  })

  test('no second server on its port', async () => {
    const { port } = await serve()
    await expect(serveInspector({ source: createSource(0).source, document, port })).rejects.toMatchObject({
      code: 'WrongUsage',
    })
  })
})

describe('a command', () => {
  test('reaches the source once for each triple it names', async () => {
    const asked: unknown[] = []
    const { source } = createSource(3, {
      command: (...args) => {
        asked.push(args)
        return { type: 'accepted' }
      },
    })
    const answer = await command(
      await serve({ source }),
      commandText({ type: 'triple.rescan', indices: ['1', '2', '1'] }),
    )
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toEqual({ accepted: 2, refused: [] })
    expect(asked).toEqual([
      ['1', 'triple.rescan'],
      ['2', 'triple.rescan'],
    ])
  })

  test('is answered with the reasons of those that refused it, and how many they are', async () => {
    const { source } = createSource(3, {
      command: (index) =>
        index === '1' ? { type: 'accepted' } : { type: 'refused', reason: 'It is at work.' },
    })
    const answer = await command(await serve({ source }), commandText({ indices: ['0', '1', '2', '9'] }))
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toEqual({
      accepted: 1,
      refused: [
        { reason: 'It is at work.', count: 2 },
        { reason: 'There is no such triple any more.', count: 1 },
      ],
    })
  })

  test('is forbidden when the source only reads', async () => {
    const { source } = createSource(3, { command: null })
    const answer = await command(await serve({ source }), commandText())
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.text)).toMatchObject({ reason: expect.stringContaining('only reads') })
  })

  test.each([
    '',
    '{',
    'null',
    '{"type":"triple.retry"}',
    '{"type":"triple.delete","indices":["1"]}',
    '{"type":"triple.retry","indices":[]}',
    '{"type":"triple.retry","indices":[1]}',
    '{"type":"triple.retry","indices":["1"],"more":1}',
  ])('that reads %j never reaches the source', async (body) => {
    const { source } = createSource(3, { command: fail })
    expect((await command(await serve({ source }), body)).status).toBe(400)
  })

  test('that is too long, for too many or of another type never reaches the source', async () => {
    const server = await serve({ source: createSource(3, { command: fail }).source })
    expect((await command(server, commandText().padEnd(500_001))).status).toBe(413)
    const many = Array.from({ length: 10_001 }, (_, at) => String(at))
    expect((await command(server, commandText({ indices: many }))).status).toBe(400)
    expect((await command(server, commandText(), 'text/plain')).status).toBe(415)
  })

  test('to ten thousand triples with the longest of indices is short enough', async () => {
    const { source } = createSource(3)
    const indices = Array.from(
      { length: 10_000 },
      (_, at) => `00000000-0000-0000-0000-${100_000_000_000 + at}`,
    )
    const answer = await command(await serve({ source }), commandText({ indices }))
    expect(JSON.parse(answer.text)).toMatchObject({ accepted: 0, refused: [{ count: 10_000 }] })
  })
})

test('what failed for good is answered as the source has it', async () => {
  const failed = [{ rootIndex: '7', what: 'It failed.', whatToDo: 'Retry it.' }]
  const { source } = createSource(1, { failedForGood: () => Promise.resolve(failed) })
  expect(JSON.parse((await ask(await serve({ source }), '/failed-for-good')).text)).toEqual(failed)
})

describe('the history', () => {
  test('is asked for with the indices of all triples', async () => {
    const asked: unknown[] = []
    const history = historyOf([[{ atMs: 1_000, phase: 'failed' }]], 2_000)
    const { source } = createSource(2, {
      history: (indices) => {
        asked.push(indices)
        return Promise.resolve(history)
      },
    })
    const answer = await ask(await serve({ source }), '/history')
    expect(JSON.parse(answer.text)).toEqual(history)
    expect(asked).toEqual([['0', '1']])
  })
})

const commandText = (parts: { type?: string; indices?: readonly string[] } = {}): string =>
  JSON.stringify({ type: 'triple.retry', indices: ['1'], ...parts })

function command(server: Awaited<ReturnType<typeof serve>>, body: string, contentType = 'application/json') {
  const headers = { Authorization: `Bearer ${server.token}`, 'Content-Type': contentType }
  return ask(server, '/commands', { method: 'POST', headers, body })
}
