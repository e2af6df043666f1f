import { appendFileSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RequestTable } from '../../../src/accounting/requests/request-table.js'
import { identityWords, readIdentities } from '../../../src/accounting/requests/request-identity.js'
import {
  readRegister,
  readRegisterFacts,
  writeRegister,
} from '../../../src/accounting/requests/register-file.js'
import { nodeFileSystem as fs } from '../../../src/workspace/node-file-system.js'
import { withDirectory } from '../../workspace/support.js'
import { requestLine } from '../../server/scene.js'

interface Files {
  readonly input: string
  readonly register: string
}

function withRegister(count: number, use: (files: Files) => Promise<void>): Promise<void> {
  return withDirectory(async (directory) => {
    const files = { input: join(directory, 'input.jsonl'), register: join(directory, 'register.bin') }
    const lines = Array.from({ length: count }, (_, at) => `${requestLine(`row-${at}`)}\n`)
    writeFileSync(files.input, lines.join(''))
    await writeRegister(fs, files.register, files.input)
    await use(files)
  })
}

/** `null` when there is no register, or it is damaged. */
async function wordsOf(path: string): Promise<number[] | null> {
  const facts = await readRegisterFacts(fs, path)
  let words: number[] = []
  if (facts === null) return null
  return (await readRegister(fs, path, facts, (piece) => void (words = words.concat([...piece]))))
    ? words
    : null
}

async function identitiesOf(path: string): Promise<number[]> {
  let words: number[] = []
  for await (const piece of readIdentities(fs, path)) words = words.concat([...piece])
  return words
}

const line = (id: string, url: string, body: string): string =>
  `{"custom_id":"${id}","method":"POST","url":"${url}","body":${body}}\n`

describe('the register of an input', () => {
  test.each([0, 1, 3, 5_000])('holds the identity of each of %i requests, in order', (count) =>
    withRegister(count, async ({ input, register }) => {
      const words = await wordsOf(register)
      expect(words).toHaveLength(count * identityWords)
      expect(words).toEqual(await identitiesOf(input))
      expect(statSync(register).size).toBe(count * 24 + 96)
    }),
  )

  test('says of which input it was made', () =>
    withRegister(3, async ({ input, register }) => {
      // Node rounds the time of a file in more than one way.
      const { bytes, modifiedAtMs } = (await fs.stat(input)) ?? {}
      expect(await readRegisterFacts(fs, register)).toMatchObject({
        requests: 3,
        inputBytes: bytes,
        inputModifiedAtMs: modifiedAtMs,
      })
    }))

  test('is refused with any bit turned, any byte lost or added', () =>
    withRegister(2, async ({ register }) => {
      const whole = readFileSync(register)
      for (let at = 0; at < whole.length; at += 1) {
        const damaged = Buffer.from(whole)
        damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
        writeFileSync(register, damaged)
        expect(await wordsOf(register), `byte ${at}`).toBeNull()
      }
      for (let bytes = 0; bytes < whole.length; bytes += 1) {
        writeFileSync(register, whole)
        truncateSync(register, bytes)
        expect(await wordsOf(register), `${bytes} bytes`).toBeNull()
      }
      writeFileSync(register, whole)
      appendFileSync(register, '\0')
      expect(await wordsOf(register)).toBeNull()
    }))

  test('tells lines apart that differ in id, endpoint or body, and nothing else', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'lines.jsonl')
      const groups = [
        [
          line('a', '/v1/chat/completions', '{"model":"m","n":100}'),
          `{"body":{"n":1e2, "model":"\\u006d"},"url":"\\/chat/completions/","custom_id":"\\u0061","method":"POST"}\r\n`,
        ],
        [line('b', '/v1/chat/completions', '{"model":"m","n":100}')],
        [line('a', '/v1/responses', '{"model":"m","n":100}')],
        [line('a', '/v1/chat/completions', '{"model":"m","n":101}')],
      ]
      const table = new RequestTable()
      for (const [number, group] of groups.entries()) {
        writeFileSync(path, group.join(''))
        const words = Uint32Array.from(await identitiesOf(path))
        for (let at = 0; at < words.length; at += identityWords) expect(table.add(words, at)).toBe(number)
      }
      expect(table.size).toBe(groups.length)
    }))

  test('a change of the input shows', () =>
    withRegister(3, async ({ input, register }) => {
      utimesSync(input, 1, 1)
      const facts = await readRegisterFacts(fs, register)
      expect(facts?.inputModifiedAtMs).not.toBe(statSync(input).mtimeMs)
    }))
})

test('a table of many requests finds each by identity and by id, and no other', () => {
  const table = new RequestTable()
  const count = 20_000
  const words = new Uint32Array(count * identityWords)
  for (let at = 0; at < words.length; at += 1) words[at] = Math.imul(at ^ (at >>> 3), 0x9e3779b1)
  for (let at = 0; at < words.length; at += identityWords) table.add(words, at)
  expect(table.size).toBe(count)
  for (let at = 0; at < words.length; at += identityWords) {
    if (table.find(words, at) !== at / identityWords) throw new Error(`request ${at / identityWords}`)
    if (table.findId(words, at) !== at / identityWords) throw new Error(`id ${at / identityWords}`)
  }
  const other = Uint32Array.of(...words.subarray(0, 2), 1, 2, 3, 4)
  expect([table.find(other, 0), table.findId(other, 0)]).toEqual([-1, 0])
  expect([table.add(other, 0), table.firstOfId(count)]).toEqual([count, 0])
})
