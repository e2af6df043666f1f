import { readFile, readdir, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { keepRawAnswer, rawAnswerFileName } from '../../../src/accounting/results/raw-answers.js'
import { isTemporaryName } from '../../../src/workspace/durable-write.js'
import type { FileSystem } from '../../../src/workspace/file-system.js'
import { nodeFileSystem as fs } from '../../../src/workspace/node-file-system.js'
import { temporaryDirectory } from './rows-on-disk.js'

describe('keepRawAnswer', () => {
  test('keeps the text as it came, under a name that is safe for any id', async () => {
    const directory = await temporaryDirectory()
    for (const customId of ['a/b:c-1', '../../etc/passwd', '.', '', 'ä'.repeat(300)]) {
      const path = await keepRawAnswer({
        fs,
        directory,
        index: '7',
        customId,
        rawText: `{"a": ü\r\n${customId}`,
      })
      expect(await readFile(path, 'utf8')).toBe(`{"a": ü\r\n${customId}`)
    }
    expect(await readdir(directory)).toHaveLength(5)
  })

  test('does not mix up one id in two batches', () => {
    const names = ['1', '2'].map((index) => rawAnswerFileName({ index, customId: 'a' }))
    expect(new Set(names).size).toBe(2)
  })

  test('gives the same file when it is kept again, also over what a crash left', async () => {
    const directory = await temporaryDirectory()
    const answer = { fs, directory, index: '7', customId: 'a', rawText: 'short' }
    const names: string[] = []
    const noting: FileSystem = {
      ...fs,
      rename: (from, to) => {
        names.push(from)
        return fs.rename(from, to)
      },
    }
    await keepRawAnswer({ ...answer, fs: noting })
    const [temporaryPath = ''] = names
    expect(isTemporaryName(basename(temporaryPath))).toBe(true)
    await writeFile(temporaryPath, 'half of a much longer text')
    const path = await keepRawAnswer(answer)
    expect(await readFile(path, 'utf8')).toBe('short')
    expect(await readdir(directory)).toEqual([rawAnswerFileName(answer)])
  })
})
