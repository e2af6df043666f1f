import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { unboundedRoom } from '../../../src/actors/creation-room.js'
import type { TripleNote } from '../../../src/engine/workers/triple-note.js'
import { withTripleWorker } from '../../../src/engine/workers/triple-worker.js'
import { createFakeBatchServer } from '../../../src/testing/index.js'
import { withWorkspace } from '../../workspace/support.js'
import { jsonl, requestLine } from '../lines.js'

const count = 30
const files = Object.fromEntries(
  Array.from({ length: count }, (_, at) => [
    `workdir/batch_input_${at + 1}.jsonl`,
    jsonl(requestLine(`id-${at}`)),
  ]),
)

test('the server is asked for what has ended until it says so, and not again before somebody came to it', () =>
  withWorkspace(files, async (workspace) => {
    const server = createFakeBatchServer()
    let calls = 0
    const client = new OpenAI({
      apiKey: 'test-key',
      baseURL: 'http://fake.test/v1',
      maxRetries: 0,
      fetch: (url, init) => {
        calls += 1
        return server.fetch(url, init)
      },
    })
    await withTripleWorker(
      workspace,
      { client, shouldSubmit: true },
      () => unboundedRoom,
      async (worker) => {
        const notes = new Map<string, TripleNote>()
        const look = async () => {
          calls = 0
          return worker.lookOver({ notes, isPollDue: true, turn: 0 })
        }
        const first = await look()
        expect([first.tasks.length, first.news, calls]).toEqual([count, [], 0])
        for (const task of first.tasks) {
          const end = await worker.work(task)
          if (end.type === 'rested') notes.set(task.index, end.note)
        }
        server.finishBatches()
        const sight = await look()
        expect(sight.news).toHaveLength(count)
        expect(calls).toBe(1)

        for (const index of sight.news)
          notes.set(index, { ...(notes.get(index) as TripleNote), hasNews: true })
        const later = await look()
        expect(later.tasks.map(({ index }) => index).toSorted()).toEqual([...sight.news].toSorted())
        expect([later.unsettled, calls]).toEqual([count, 0])

        const end = await worker.work(later.tasks[0] as { index: string })
        expect(end).toMatchObject({ type: 'done', report: { state: 'done' } })
      },
    )
  }))
