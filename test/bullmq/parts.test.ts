import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dataOf, jobIdOf, taskOf } from '../../src/bullmq/job-data.js'
import { learntBatches } from '../../src/bullmq/learnt-batches.js'
import { noteBook } from '../../src/bullmq/note-book.js'
import { watchOutages } from '../../src/bullmq/outages.js'
import { requireUsable } from '../../src/bullmq/redis-connection.js'
import { sharedRoom, type RoomBounds } from '../../src/bullmq/shared-room.js'
import { queueNames, roomKeys } from '../../src/bullmq/queue-names.js'
import { systemClock } from '../../src/clock.js'
import type { TripleNote } from '../../src/engine/workers/triple-note.js'
import type { RemoteBatch } from '../../src/providers/batch-provider.js'
import { describeOnRedis, startRedis } from './redis-server.js'

const nowMs = 1_760_000_000_000

const batch: RemoteBatch = {
  batchId: 'batch_1',
  status: 'completed',
  inputFileId: 'file-1',
  outputFileId: 'file-2',
  errorFileId: null,
  requestCounts: { total: 5, completed: 5, failed: 0 },
  errors: [],
  endpoint: '/v1/chat/completions',
  createdAtMs: nowMs,
  expiresAtMs: null,
  metadata: { index: '7' },
}

describe('the data of a job', () => {
  test('says what was put in, and nothing of a batch', () => {
    const task = { index: '7', earlierFailures: { step: 'downloading', failures: 3 } }
    expect(taskOf(JSON.parse(JSON.stringify(dataOf({ ...task, learnt: batch }))))).toEqual(task)
    expect(jobIdOf('7')).toBe('triple-7')
  })

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text', '7'],
    ['a list', ['7']],
    ['no index', {}],
    ['a number', { index: 7 }],
    ['a way out', { index: '../7' }],
    ['an absolute path', { index: '/etc/passwd' }],
    ['a zero byte', { index: '7\0' }],
    ['a huge one', { index: '7'.repeat(100_000) }],
    ['none', { index: '' }],
  ])('that names no triple is for none: %s', (_, data) => {
    expect(taskOf(data)).toBeNull()
  })

  test.each([
    ['too many failures', { earlierFailures: { step: 'submitting', failures: 1e9 } }],
    ['half a failure', { earlierFailures: { step: 'submitting', failures: 0.5 } }],
    ['failures of no step', { earlierFailures: { failures: 3 } }],
    ['what is said of a batch', { learnt: { batch: { ...batch, status: 'expired' }, atMs: nowMs } }],
  ])('is taken for the triple alone: %s', (_, more) => {
    expect(taskOf({ index: '7', ...more })).toEqual({ index: '7' })
  })
})

describe('what a worker has learnt itself of batches', () => {
  test('is given out once, for a minute, whatever the time of day does meanwhile', () => {
    let passedMs = 0
    const learnt = learntBatches({ ...systemClock, monotonicMs: () => passedMs })
    learnt.keep([{ index: '7', learnt: batch }, { index: '8' }])
    expect(learnt.takeFor('8')).toBeUndefined()
    expect(learnt.takeFor('7')).toEqual(batch)
    expect(learnt.takeFor('7')).toBeUndefined()
    learnt.keep([{ index: '7', learnt: batch }])
    passedMs = 600_001
    expect(learnt.takeFor('7')).toBeUndefined()
  })

  test('is kept over rounds, and not without bounds', () => {
    const learnt = learntBatches(systemClock)
    learnt.keep([{ index: '7', learnt: batch }])
    learnt.keep([{ index: '8', learnt: batch }])
    expect([learnt.takeFor('7'), learnt.takeFor('8')]).toEqual([batch, batch])
    learnt.keep(Array.from({ length: 10_001 }, (_, at) => ({ index: String(at), learnt: batch })))
    expect([learnt.takeFor('9999'), learnt.takeFor('10000')]).toEqual([batch, undefined])
  })
})

describe('what INFO says', () => {
  const url = 'redis://:secret@queue:6379/2'
  const usable = {
    redis_version: '6.2.0',
    maxmemory_policy: 'noeviction',
    maxmemory: '0',
    used_memory: '900',
  }
  const infoOf = (said: object): string =>
    Object.entries({ ...usable, ...said })
      .map(([name, value]) => `${name}:${value}`)
      .join('\r\n')

  test.each([
    ['6.2', {}],
    ['a newer one', { redis_version: '7.0.15' }],
    ['ten', { redis_version: '10.0.0' }],
    ['with room', { maxmemory: '901' }],
  ])('is enough: %s', (_, said) => {
    expect(() => requireUsable(infoOf(said), url)).not.toThrow()
  })

  test('a server that hides its policy is taken', () => {
    expect(() => requireUsable('redis_version:7.2.0\r\n', url)).not.toThrow()
  })

  test.each([
    ['too old', { redis_version: '6.0.16' }, 'is version 6.0.16'],
    ['far too old', { redis_version: '5.9.0' }, 'is version 5.9.0'],
    ['without a version', { redis_version: '' }, 'is version'],
    ['full', { maxmemory: '900' }, 'is full: 900 of 900 bytes'],
    ['evicts', { maxmemory_policy: 'volatile-ttl' }, 'maxmemory-policy volatile-ttl'],
  ])('is not: %s', (_, said, message) => {
    const refused = (): void => requireUsable(infoOf(said), url)
    expect(refused).toThrow(expect.objectContaining({ code: 'QueueUnavailable' }))
    expect(refused).toThrow(`Redis at queue:6379/2 ${message.startsWith('maxmemory') ? '' : message}`)
    expect(refused).toThrow(message)
    expect(refused).not.toThrow('secret')
  })
})

const watched = () => {
  const redis = new EventEmitter()
  const said: string[] = []
  return { redis, said, outages: watchOutages(redis as unknown as Redis, (message) => said.push(message)) }
}

describe('outages', () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  test('are told once, and their end once, however often each is heard of', () => {
    const { redis, said, outages } = watched()
    for (let times = 0; times < 100; times += 1) {
      redis.emit('close')
      redis.emit('error', away)
      outages.note(away)
    }
    expect([outages.isAway, said.length, said[0]]).toEqual([
      true,
      1,
      expect.stringContaining('Redis is away'),
    ])
    redis.emit('ready')
    redis.emit('ready')
    expect([outages.isAway, said.slice(1)]).toEqual([false, ['Redis is back.']])
  })

  test('other faults are told once each, without addresses that may hold a key, and a full Redis with its cure', () => {
    const { said, outages } = watched()
    for (let times = 0; times < 3; times += 1) {
      outages.note(new Error('OOM command not allowed when used memory > maxmemory'))
      outages.note(new Error('ERR at redis://:secret@queue:6379\nsecond line'))
    }
    expect(said).toEqual([expect.stringContaining('Give it more memory'), 'ERR at redis://… second line.'])
  })

  test('nothing is told after the end', () => {
    const { redis, said, outages } = watched()
    outages.stop()
    redis.emit('close')
    expect(said).toEqual([])
  })
})

const note: TripleNote = {
  state: 'awaiting-online-files.waiting',
  names: 'im',
  fingerprint: '1 2',
  batchId: 'batch_1',
  requests: 5,
  createdAtMs: nowMs,
  restedAtMs: 5,
  remoteStatus: 'in_progress',
  isPassing: false,
  isHeldBack: true,
  hasNews: false,
  againAtMs: null,
  couldSubmit: true,
}

async function redisOfTest(): Promise<Redis> {
  const { client, remove } = await startRedis()
  onTestFinished(remove)
  return client
}

describeOnRedis('the book of notes', () => {
  test('keeps them, drops them, and takes one that nobody can read for none', async () => {
    const redis = await redisOfTest()
    const book = noteBook(redis, 'notes')
    expect(await book.all()).toEqual(new Map())
    const indices = Array.from({ length: 2_500 }, (_, at) => String(at + 1))
    await book.keep(new Map(indices.map((index) => [index, note])))
    await book.keep(new Map([['1', { ...note, batchId: null, createdAtMs: null, remoteStatus: null }]]))
    await book.keep(new Map())
    await redis.hset('notes', {
      3: 'no json',
      4: '[]',
      5: '{"state":1}',
      6: '[1,2,3,4,5,6,7,8,9,10,11,12,13]',
      7: 'null',
    })
    const all = await book.all()
    expect(all.size).toBe(2_495)
    expect(all.get('2')).toEqual(note)
    expect(all.get('1')).toEqual({ ...note, batchId: null, createdAtMs: null, remoteStatus: null })
    await book.drop([...all.keys()])
    await book.drop([])
    expect(await book.all()).toEqual(new Map())
  })
})

describeOnRedis('the room at the server', () => {
  const none: RoomBounds = { maxOpenBatches: null, maxOpenRequests: null, maxCreationsPerMinute: null }
  const roomsWith = async (bounds: Partial<RoomBounds>) => {
    const redis = await redisOfTest()
    const roomOf = (workspaceId: string) =>
      sharedRoom(redis, { account: 'a', workspaceId, bounds: { ...none, ...bounds } })
    for (const id of ['w1', 'w2']) await redis.hset(queueNames(id).state, 'counted', 1)
    return { redis, one: roomOf('w1'), other: roomOf('w2') }
  }

  test('is endless without bounds, and nothing is kept', async () => {
    const { redis, one } = await roomsWith({})
    expect(await one.reserve('1', 5)).toBeNull()
    await one.occupy('1', 5, Date.now())
    expect([await one.free(), await redis.exists(roomKeys('a').open)]).toEqual([Infinity, 0])
  })

  test('is one for all workspaces of an account; asking again takes none', async () => {
    const { one, other } = await roomsWith({ maxOpenBatches: 2 })
    expect([await one.reserve('1', 5), await one.reserve('1', 5), await other.reserve('1', 5)]).toEqual([
      null,
      null,
      null,
    ])
    const full = await one.reserve('2', 5)
    expect(full).toMatchObject({ code: 'RateLimited', isPassing: true, facts: { isHeldBack: true } })
    expect(full?.message).toContain(
      '2 batches of the account are under way, and 2 may be (--max-open-batches)',
    )
    expect(await one.free()).toBe(0)
    await other.giveBack('1')
    expect([await one.free(), await one.reserve('2', 5)]).toEqual([1, null])
    await one.drop(['1', '2'])
    expect(await one.free()).toBe(2)
  })

  test('counts requests; one batch may always be there', async () => {
    const { one } = await roomsWith({ maxOpenRequests: 10 })
    expect(await one.reserve('1', 50)).toBeNull()
    expect((await one.reserve('2', 1))?.message).toContain('50 requests of the account')
    await one.giveBack('1')
    expect([await one.reserve('2', 6), await one.reserve('3', 4)]).toEqual([null, null])
    expect(await one.reserve('4', 1)).not.toBeNull()
  })

  test('counts what was made within a minute, also when Redis was emptied since', async () => {
    const { redis, one } = await roomsWith({ maxCreationsPerMinute: 2 })
    expect([await one.reserve('1', 5), await one.reserve('2', 5)]).toEqual([null, null])
    await one.giveBack('1')
    const full = await one.reserve('3', 5)
    expect(full?.message).toContain('2 batches of the account were made within the last minute')
    expect(full?.retryAfterMs).toBeGreaterThan(50_000)
    await redis.flushall()
    expect((await one.reserve('3', 5))?.message).toContain('until it is known how many batches are under way')
    await one.occupy('1', 5, Date.now() - 61_000)
    await one.occupy('2', 5, Date.now() - 10_000)
    await one.occupy('2', 5, Date.now() - 10_000)
    await one.occupy('9', 5, null)
    await redis.hset(queueNames('w1').state, 'counted', 1)
    expect(await one.free()).toBe(1)
    expect([await one.reserve('3', 5), await one.reserve('4', 5)]).toEqual([null, expect.anything()])
  })

  test('says nothing yes to when Redis refuses', async () => {
    const { redis, one } = await roomsWith({ maxOpenBatches: 2 })
    await redis.config('SET', 'maxmemory', '1')
    expect(await one.reserve('1', 5)).toMatchObject({
      code: 'QueueUnavailable',
      isPassing: true,
      facts: { isHeldBack: true },
    })
    await redis.config('SET', 'maxmemory', '0')
    expect(await one.reserve('1', 5)).toBeNull()
  })
})
