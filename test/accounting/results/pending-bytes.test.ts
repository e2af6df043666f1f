import { expect, test } from 'vitest'
import { PendingBytes } from '../../../src/accounting/results/pending-bytes.js'
import { pick, randomOf } from '../scan/random-rows.js'

test('gathers texts of characters of every length, however large the buffer has to grow', () => {
  const pending = new PendingBytes()
  const texts = ['', 'a', '€'.repeat(4_096), '漢', '😀', 'é'.repeat(5_000), '€'.repeat(100_000), 'end']
  for (const text of texts) expect(pending.addText(text)).toBe(Buffer.byteLength(text))
  expect(pending.size).toBe(Buffer.byteLength(texts.join('')))
  expect(pending.take().toString()).toBe(texts.join(''))
  expect(pending.size).toBe(0)
  expect(pending.take()).toHaveLength(0)
})

test('counts what was written, not what it might have been', () => {
  const pending = new PendingBytes()
  pending.addText('<')
  expect(pending.addWith(1_000_000, (target, at) => at + target.write('abc', at))).toBe(3)
  expect(pending.addWith(0, (_target, at) => at)).toBe(0)
  pending.addText('>')
  expect(pending.take().toString()).toBe('<abc>')
})

test('leaves bytes that were taken alone until they are given back, in whatever order', () => {
  const random = randomOf(7)
  const pending = new PendingBytes()
  const out: { bytes: Buffer<ArrayBuffer>; text: string }[] = []
  let written = ''
  let gathered = ''
  let all = ''
  for (let step = 0; step < 5_000; step += 1) {
    const text = `${step}${pick(random, ['', '€', 'x'.repeat(random(9_000))])};`
    all += text
    gathered += text
    pending.addText(text)
    if (random(3) === 0) {
      out.push({ bytes: pending.take(), text: gathered })
      gathered = ''
    }
    for (const { bytes, text: wanted } of out) {
      if (bytes.length !== Buffer.byteLength(wanted) || !bytes.equals(Buffer.from(wanted)))
        throw new Error(`Bytes changed at step ${step}.`)
    }
    // The first one taken is written first; up to four are under way.
    while (out.length > random(5)) {
      const first = out.shift()
      if (first === undefined) break
      written += first.bytes.toString()
      pending.giveBack(first.bytes)
    }
  }
  for (const { bytes } of out) written += bytes.toString()
  expect(written + pending.take().toString()).toBe(all)
})

test('uses a buffer again that was given back', () => {
  const pending = new PendingBytes()
  pending.addText('x'.repeat(10_000))
  const first = pending.take()
  pending.giveBack(first)
  pending.addText('y')
  pending.take()
  pending.addText('z')
  expect(pending.take().buffer).toBe(first.buffer)
})
