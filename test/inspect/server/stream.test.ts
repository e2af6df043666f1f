import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { StreamMessage } from '../../../src/inspect/protocol.js'
import { ask, createHandClock, createSource, messagesOf, open, serve, summaryOf } from './scene.js'

describe('the stream', () => {
  test('tells the page, then all triples in order and in chunks of 500', async () => {
    const { clock } = createHandClock()
    const server = await serve({ source: createSource(1201).source, clock })
    const messages = messagesOf(await open(server, '/stream'))
    expect(await nextOf(messages)).toEqual({
      type: 'page',
      page: {
        title: '/somewhere',
        root: '/somewhere',
        mode: 'live',
        canCommand: true,
        nowMs: clock.now(),
        isOver: false,
      },
    })
    const chunks = [await nextTriples(messages), await nextTriples(messages), await nextTriples(messages)]
    expect(chunks.map(({ changed }) => changed.length)).toEqual([500, 500, 201])
    expect(chunks.map(({ isComplete }) => isComplete)).toEqual([false, false, true])
    expect(chunks.flatMap(({ changed }) => changed.map(({ index }) => index))).toEqual(
      Array.from({ length: 1201 }, (_, number) => String(number)),
    )
  })

  test('tells an empty list too', async () => {
    const messages = messagesOf(await open(await serve({ source: createSource(0).source }), '/stream'))
    await nextOf(messages)
    expect(await nextOf(messages)).toEqual({ type: 'triples', changed: [], removed: [], isComplete: true })
  })

  test('tells changes together after 50 ms: the latest of each, and what is gone', async () => {
    const { clock, delays, runTimers } = createHandClock()
    const { source, triples, tell } = createSource(3)
    const messages = messagesOf(await open(await serve({ source, clock }), '/stream'))
    await nextOf(messages)
    await nextOf(messages)
    for (const attempt of [2, 3]) {
      triples.set('1', summaryOf('1', attempt))
      tell('1')
    }
    triples.delete('2')
    tell('2')
    tell(null)
    runTimers()
    expect(delays).toEqual([50])
    expect(await nextOf(messages)).toMatchObject({ type: 'page' })
    expect(await nextOf(messages)).toEqual({
      type: 'triples',
      changed: [summaryOf('1', 3)],
      removed: ['2'],
      isComplete: true,
    })
  })

  test('says that the list is complete once the source says so', async () => {
    const { clock, runTimers } = createHandClock()
    let isComplete = false
    const { source, tell } = createSource(1)
    const growing = Object.defineProperty({ ...source }, 'isComplete', { get: () => isComplete })
    const messages = messagesOf(await open(await serve({ source: growing, clock }), '/stream'))
    await nextOf(messages)
    expect(await nextOf(messages)).toMatchObject({ isComplete: false })
    isComplete = true
    tell(null)
    runTimers()
    await nextOf(messages)
    expect(await nextOf(messages)).toMatchObject({ changed: [], isComplete: true })
  })

  test('tells a slow viewer the latest of every triple, not every change', async () => {
    const { clock, runTimers } = createHandClock()
    const { source, triples, tell } = createSource(10_000)
    const response = await open(await serve({ source, clock }), '/stream')
    response.pause()
    const lastRound = 20
    for (let round = 2; round <= lastRound; round++) {
      for (const index of triples.keys()) {
        triples.set(index, summaryOf(index, round))
        tell(index)
      }
      runTimers()
      await setImmediate()
    }
    const attempts = new Map<string, number>()
    let told = 0
    for await (const message of messagesOf(response)) {
      if (message.type !== 'triples') continue
      told += message.changed.length
      for (const { index, attempt } of message.changed) attempts.set(index, attempt)
      if (attempts.size === 10_000 && [...attempts.values()].every((attempt) => attempt === lastRound)) break
      runTimers()
    }
    expect(attempts.size).toBe(10_000)
    expect(told).toBeLessThan(30_000)
  })

  test('ends when the source throws later, and the server goes on', async () => {
    const { clock, runTimers } = createHandClock()
    let isBroken = false
    const { source, tell, listeners } = createSource(1)
    const summary = (index: string) => {
      if (isBroken) throw new Error('secret details')
      return source.summary(index)
    }
    const server = await serve({ source: { ...source, summary }, clock })
    const response = await open(server, '/stream')
    const closed = new Promise((resolve) => response.once('close', resolve))
    response.on('error', () => {}).resume()
    isBroken = true
    tell('0')
    runTimers()
    await closed
    expect(listeners.size).toBe(0)
    expect((await ask(server, '/')).status).toBe(200)
  })

  test('is refused beyond the 32nd, until one is closed', async () => {
    const { source, listeners } = createSource(1)
    const server = await serve({ source })
    const streams = await Promise.all(Array.from({ length: 32 }, () => open(server, '/stream')))
    expect((await ask(server, '/stream')).status).toBe(503)
    streams[0]?.destroy()
    while (listeners.size === 32) await setImmediate()
    expect((await open(server, '/stream')).statusCode).toBe(200)
  })

  test('is ended by close(), read or not, and nothing listens any more', async () => {
    const { source, listeners } = createSource(10_000)
    const server = await serve({ source })
    const [read, unread] = [await open(server, '/stream'), await open(server, '/stream')]
    unread.on('error', () => {}).pause()
    const closed = new Promise((resolve) => read.once('close', resolve))
    read.on('error', () => {}).resume()
    await Promise.all([server.close(), server.close()])
    await closed
    expect(listeners.size).toBe(0)
    await expect(open(server, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

async function nextOf(messages: AsyncGenerator<StreamMessage, void>): Promise<StreamMessage> {
  const { value } = await messages.next()
  if (value === undefined) throw new Error('The stream has ended.')
  return value
}

async function nextTriples(messages: AsyncGenerator<StreamMessage, void>) {
  const message = await nextOf(messages)
  if (message.type !== 'triples') throw new Error(`Expected triples, not ${message.type}.`)
  return message
}
