import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { readRows } from '../../../src/accounting/read-rows.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import { temporaryDirectory } from '../triple-files.js'

/** Rows with everything in their texts that a careless command would take for structure. */
const rows = ['a', 'b', 'c'].map((id) => ({
  custom_id: id,
  response: {
    status_code: 200,
    body: { text: 'it\'s é {"a": 1,} // no, ] None \\n NaN', list: [1, null, true] },
  },
  error: null,
}))
const lines = rows.map((row) => JSON.stringify(row))
const jsonl = `${lines.join('\n')}\n`
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

/** Also with the words of JSON, as other tools write single quotes. */
const inSingleQuotes = (words: readonly [string, string]): string =>
  lines
    .map((line) => {
      const plain = line.replaceAll("'", '').replaceAll('\\"', '').replaceAll('"', "'")
      return plain.replace(/\bnull\b/g, words[0]).replace(/(?<!')\btrue\b/g, words[1])
    })
    .join('\n')

const files: readonly (readonly [string, string | Buffer])[] = [
  ['one array', JSON.stringify(rows)],
  ['one array over many lines', JSON.stringify(rows, null, 2)],
  ['an array of a row a line', `[\n${lines.join(',\n')}\n]\n`],
  ['an array on each line', lines.map((line) => `[${line}]`).join('\n')],
  ['objects over many lines', rows.map((row) => JSON.stringify(row, null, 2)).join('\n')],
  [
    'objects over many lines, CRLF',
    rows
      .map((row) => JSON.stringify(row, null, 2))
      .join('\n')
      .replaceAll('\n', '\r\n'),
  ],
  ['two objects on a line', `${lines[0]}${lines[1]}\n${lines[2]}\n`],
  ['objects with a space between them', lines.join(' ')],
  ['CR alone', lines.join('\r')],
  ['a comma at line ends', lines.join(',\n')],
  ['a comma before the end', lines.map((line) => line.replace(/}$/, ',}')).join('\n')],
  ['NaN', lines.map((line) => line.replace(/}$/, ',"x":NaN,"y":-Infinity}')).join('\n')],
  ['comments', `// all\n${lines.map((line) => `${line} // one`).join('\n')}`],
  ['single quotes', inSingleQuotes(['None', 'True'])],
  ['single quotes and the words of JSON', inSingleQuotes(['null', 'true'])],
  ['UTF-16', utf16(`\uFEFF${jsonl}`)],
  ['UTF-16 without a byte order mark', utf16(jsonl)],
  ['UTF-16, big-endian', utf16(`\uFEFF${jsonl}`).swap16()],
  ['gzip', gzipSync(jsonl)],
  ['JSON inside JSON', lines.map((line) => JSON.stringify(line)).join('\n')],
  ['server-sent events', lines.map((line) => `data: ${line}`).join('\n\n')],
]

const read = async (path: string) => {
  const ids: string[] = []
  const { dialect } = await readRows({
    fs: nodeFileSystem,
    index: '7',
    kind: 'output',
    path,
    onRow: ({ id }) => void ids.push(id),
    onUnreadable: () => undefined,
  })
  return { ids, dialect }
}

/** The command of a hint, as somebody would copy it. */
const commandIn = (cure: string): string => /Convert it in place: (.*)$/.exec(cure)?.[1] ?? ''

const write = async (content: string | Buffer): Promise<string> => {
  const directory = join(await temporaryDirectory(), "it's here")
  mkdirSync(directory)
  writeFileSync(join(directory, 'batch_output_7.jsonl'), content)
  return join(directory, 'batch_output_7.jsonl')
}

test.each(files)('the cure for %s, followed to the letter, gives all rows', async (_, content) => {
  const path = await write(content)
  const { dialect } = await read(path)
  execFileSync('/bin/sh', ['-c', commandIn(dialect?.cure ?? '')])
  expect(await read(path)).toEqual({ ids: ['a', 'b', 'c'], dialect: null })
})

test('a gzip that is cut stays as it was, and the cure says what to do', async () => {
  const cut = gzipSync(jsonl).subarray(0, -20)
  const path = await write(cut)
  const { dialect } = await read(path)
  expect(dialect?.cure).toContain('If it is cut, get it from its server again')
  expect(() => execFileSync('/bin/sh', ['-c', commandIn(dialect?.cure ?? '')], { stdio: 'ignore' })).toThrow(
    /Command failed/,
  )
  expect(readFileSync(path)).toEqual(cut)
})
