import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonFence, unwrapFence } from '../../src/accounting/rows/fence.js'
import { writeFileDurably } from '../../src/workspace/durable-write.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { withDirectory } from '../workspace/support.js'

const unwrap = (text: string): string => unwrapFence(text, jsonFence)
const write = (path: string, text: string) => writeFileDurably(nodeFileSystem, path, text)

describe('json in a fence', () => {
  test('J1 a fenced block is unwrapped', () => {
    expect(unwrap('```json\n{"key":"value"}\n```')).toBe('{"key":"value"}')
  })

  test('J2 space around the fence does not count', () => {
    expect(unwrap('  \n```json\n{"key":"value"}\n```\n  ')).toBe('{"key":"value"}')
  })

  test('J3 text without a fence is trimmed', () => {
    expect(unwrap('   {"key":"value"}  ')).toBe('{"key":"value"}')
  })

  test('J4 a fence that is never closed gives the rest of the text', () => {
    expect(unwrap('```json\n{"key":"value"}')).toBe('{"key":"value"}')
  })

  test('J5 blank lines inside of the fence are trimmed', () => {
    expect(unwrap('```json\n\n\n{"key":"value"}\n\n\n```')).toBe('{"key":"value"}')
  })

  test('J6 blank text is nothing', () => {
    expect(unwrap('   \n\t ')).toBe('')
  })

  test('J7 an empty fence is nothing', () => {
    expect(unwrap('```json```')).toBe('')
  })

  test('J8 carriage returns at the line ends are trimmed', () => {
    expect(unwrap('```json\r\n{"key":"value"}\r\n```\r\n')).toBe('{"key":"value"}')
  })

  test('J9 spaces after the opening fence are trimmed', () => {
    expect(unwrap('```json   \n{"key":"value"}\n```')).toBe('{"key":"value"}')
  })

  test('J10 what stands in the fence is given as it is, JSON or not', () => {
    expect(unwrap('```json\nthis is no JSON\n```')).toBe('this is no JSON')
  })
})

describe('writing a file', () => {
  test('J11 a file is written', async () => {
    await withDirectory(async (directory) => {
      await write(join(directory, 'file.json'), '{"a":1}')
      expect(readFileSync(join(directory, 'file.json'), 'utf8')).toBe('{"a":1}')
    })
  })

  test('J12 a path in a directory that does not exist is refused', async () => {
    await withDirectory(async (directory) => {
      await expect(write(join(directory, 'missing', 'file.json'), '{}')).rejects.toMatchObject({
        code: 'ENOENT',
      })
      expect(readdirSync(directory)).toEqual([])
    })
  })

  test('J13 a path that is a directory is refused, and nothing is left over', async () => {
    await withDirectory(async (directory) => {
      mkdirSync(join(directory, 'file.json'))
      await expect(write(join(directory, 'file.json'), '{}')).rejects.toHaveProperty('code')
      expect(readdirSync(directory)).toEqual(['file.json'])
    })
  })

  test('J14 a file that stands is replaced whole, not overwritten in part', async () => {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file.json'), 'something much longer than what follows')
      await write(join(directory, 'file.json'), 'short')
      expect(readFileSync(join(directory, 'file.json'), 'utf8')).toBe('short')
    })
  })

  test('J15 an empty text makes an empty file', async () => {
    await withDirectory(async (directory) => {
      await write(join(directory, 'file.json'), '')
      expect(readFileSync(join(directory, 'file.json'), 'utf8')).toBe('')
    })
  })

  test('J16 three files written at the same time each get their own text', async () => {
    await withDirectory(async (directory) => {
      const texts = ['one', 'two', 'three']
      await Promise.all(texts.map((text) => write(join(directory, text), text)))
      expect(texts.map((text) => readFileSync(join(directory, text), 'utf8'))).toEqual(texts)
    })
  })

  test('J17 the content is exact, byte for byte', async () => {
    await withDirectory(async (directory) => {
      const text = '{"text":"größe \u{1f600} \\u0000 \u2028"}\r\n\n\t'
      await write(join(directory, 'file.json'), text)
      expect(readFileSync(join(directory, 'file.json')).equals(Buffer.from(text))).toBe(true)
    })
  })
})
