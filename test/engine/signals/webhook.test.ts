import { describe, expect, test } from 'vitest'
import { systemClock, type Clock } from '../../../src/clock.js'
import { signingKeys } from '../../../src/engine/signals/sign.js'
import { openWebhook, type Webhook } from '../../../src/engine/signals/webhook.js'
import { hangs, secret, startReceiver, type Receiver } from '../../cli/receiver.js'

const hourMs = 3_600_000
/** The limit for an answer, which is not hurried. */
const answerMs = 15_000

/** A webhook whose pauses take no time; gives how long they would have been, and what it warned of. */
function hurried({ url }: Receiver) {
  const pauses: number[] = []
  const warnings: string[] = []
  const clock: Clock = {
    ...systemClock,
    setTimeout(callback, delayMs) {
      if (delayMs === answerMs) return systemClock.setTimeout(callback, delayMs)
      pauses.push(delayMs)
      return systemClock.setTimeout(callback, 1)
    },
  }
  const webhook = openWebhook({
    url: new URL(url),
    keys: signingKeys(secret),
    fetch,
    clock,
    warn: (text) => warnings.push(text),
  })
  return { webhook, pauses, warnings }
}

const send = (webhook: Webhook, ...ids: readonly string[]): void =>
  ids.forEach((id) => webhook.send({ id, type: 'settled', body: '{"type":"settled"}' }))

const idsAt = ({ tries }: Receiver): unknown[] => tries.map(({ headers }) => headers['webhook-id'])

describe('a webhook', () => {
  test('is tried again later and later, seven times, and then the next signal has its turn', async () => {
    const receiver = await startReceiver((response, tried) => {
      if (tried <= 7) response.statusCode = 503
    })
    const { webhook, pauses, warnings } = hurried(receiver)
    send(webhook, 'first', 'second')
    await expect.poll(() => receiver.tries.length).toBe(8)
    expect(idsAt(receiver)).toEqual([...Array.from({ length: 7 }, () => 'first'), 'second'])
    expect(pauses).toEqual([5_000, 30_000, 120_000, 600_000, 1_800_000, hourMs])
    await webhook.close(new AbortController().signal)
    expect(warnings).toEqual([expect.stringMatching(/^1 signal did not reach .*: it answered 503\./)])
  })

  test.each([
    ['60', 60_000],
    ['2', 5_000],
    ['999999', hourMs],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 5_000],
  ])('with Retry-After %s is left alone for %d ms', async (retryAfter, pauseMs) => {
    const receiver = await startReceiver((response, tried) => {
      if (tried > 1) return
      response.statusCode = 429
      response.setHeader('retry-after', retryAfter)
    })
    const { webhook, pauses } = hurried(receiver)
    send(webhook, 'one')
    await expect.poll(() => receiver.tries.length).toBe(2)
    expect(pauses).toEqual([pauseMs])
  })

  test('gets them in order, and what is sent after a rest as well', async () => {
    const receiver = await startReceiver()
    const { webhook, warnings } = hurried(receiver)
    send(webhook, 'a', 'b')
    await expect.poll(() => receiver.tries.length).toBe(2)
    send(webhook, 'c')
    await expect.poll(() => receiver.tries.length).toBe(3)
    await webhook.close(new AbortController().signal)
    expect(idsAt(receiver)).toEqual(['a', 'b', 'c'])
    expect(warnings).toEqual([])
  })

  test('keeps a hundred at most, and counts the others', async () => {
    const receiver = await startReceiver((response) => {
      response.statusCode = hangs
    })
    const { webhook, warnings } = hurried(receiver)
    send(webhook, ...Array.from({ length: 250 }, (_, at) => `${at}`))
    await webhook.close(AbortSignal.abort())
    expect(warnings).toEqual([expect.stringMatching(/^250 signals did not reach /)])
    expect(receiver.tries.length).toBeLessThanOrEqual(1)
  })
})

describe('keys', () => {
  test.each([
    ['base64', secret],
    ['base64 with whsec_', `whsec_${secret}`],
    ['an old and a new one', `${secret} whsec_${Buffer.alloc(24, 1).toString('base64')}`],
  ])('may be %s', (_, text) => {
    expect(signingKeys(text)[0]).toEqual(Buffer.alloc(32, 7))
  })

  test.each(['', ' ', 'hunter2', Buffer.alloc(23).toString('base64'), Buffer.alloc(65).toString('base64')])(
    'may not be %j, and the refusal does not repeat it',
    (text) => {
      expect(() => signingKeys(text)).toThrow(/^(?!.*hunter2).*24 to 64 bytes/)
    },
  )
})
