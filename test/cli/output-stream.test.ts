import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { quietOnceClosed } from '../../src/cli/output-stream.js'
import { writeEach } from '../../src/cli/write-each.js'

/** A pipe that takes a little before its reader has to read. */
function pipe(): { readonly pipe: PassThrough; readonly stream: ReturnType<typeof quietOnceClosed> } {
  const through = new PassThrough({ highWaterMark: 1024 })
  return { pipe: through, stream: quietOnceClosed(through as unknown as NodeJS.WriteStream) }
}

const line = `${'x'.repeat(999)}\n`
const lines = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at)

test('what is told of many things waits for whoever reads it', async () => {
  const { pipe: reader, stream } = pipe()
  let asked = 0
  const written = writeEach(stream, lines(1_000), () => {
    asked += 1
    return line
  })
  await setImmediate()
  // One piece, and not a megabyte.
  expect(asked).toBeLessThan(20)
  let length = 0
  reader.on('data', (bytes: Buffer) => {
    length += bytes.length
  })
  await written
  reader.end()
  await once(reader, 'end')
  expect(length).toBe(1_000 * line.length)
})

test('a reader that goes away is waited for no longer', async () => {
  const { pipe: reader, stream } = pipe()
  let asked = 0
  const written = writeEach(stream, lines(1_000), () => {
    asked += 1
    return line
  })
  await setImmediate()
  reader.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await written
  expect(asked).toBe(1_000)
})
