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
    expect((await ask(server, '/triples/1/commands')).status).toBe(405)
  })

  test('500 without details when the source throws, and goes on', async () => {
    const { source } = createSource(3, {
      summaries: fail,
      detail: fail,
      replay: () => Promise.reject(new Error('secret details')),
      command: fail,
    })
    const server = await serve({ source })
    for (const path of ['/stream', '/triples/1', '/triples/1/replay']) {
      expect(await ask(server, path)).toMatchObject({ status: 500, text: '' })
    }
    expect(await command(server, '{"type":"triple.retry"}')).toMatchObject({ status: 500, text: '' })
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
  test('reaches the source with its index', async () => {
    const asked: unknown[] = []
    const { source } = createSource(3, {
      command: (...args) => {
        asked.push(args)
        return { type: 'accepted' }
      },
    })
    const answer = await command(await serve({ source }), '{"type":"triple.rescan"}')
    expect(answer).toMatchObject({ status: 200, text: '{"type":"accepted"}' })
    expect(asked).toEqual([['1', 'triple.rescan']])
  })

  test('that the source refuses is a conflict with its reason', async () => {
    const { source } = createSource(3, { command: () => ({ type: 'refused', reason: 'It is at work.' }) })
    const answer = await command(await serve({ source }), '{"type":"triple.retry"}')
    expect(answer.status).toBe(409)
    expect(JSON.parse(answer.text)).toEqual({ type: 'refused', reason: 'It is at work.' })
  })

  test('is forbidden when the source only reads', async () => {
    const { source } = createSource(3, { command: null })
    const answer = await command(await serve({ source }), '{"type":"triple.retry"}')
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'refused' })
  })

  test.each(['', '{', 'null', '{"type":"triple.delete"}', '{"type":"triple.retry","more":1}'])(
    'that reads %j never reaches the source',
    async (body) => {
      const { source } = createSource(3, { command: fail })
      expect((await command(await serve({ source }), body)).status).toBe(400)
    },
  )

  test('longer than 1 kB, of another type or for no triple never reaches the source', async () => {
    const server = await serve({ source: createSource(3, { command: fail }).source })
    const body = '{"type":"triple.retry"}'
    expect((await command(server, body.padEnd(1001))).status).toBe(413)
    expect((await command(server, body, { contentType: 'text/plain' })).status).toBe(415)
    expect((await command(server, body, { index: '9' })).status).toBe(404)
  })
})

function command(
  server: Awaited<ReturnType<typeof serve>>,
  body: string,
  { contentType = 'application/json', index = '1' } = {},
) {
  const headers = { Authorization: `Bearer ${server.token}`, 'Content-Type': contentType }
  return ask(server, `/triples/${index}/commands`, { method: 'POST', headers, body })
}
