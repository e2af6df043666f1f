import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AccountedTriple, AccountForTripleOptions } from '../../../src/accounting/account.js'
import type { LineScanner } from '../../../src/accounting/scan/line-scanner.js'
import { PlainScanner } from '../../../src/accounting/scan/plain-scanner.js'
import type { FileSystem } from '../../../src/workspace/file-system.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import { temporaryDirectory, writeTriple, type TripleContent, type TriplePaths } from '../triple-files.js'
import {
  answerRows,
  changed,
  pick,
  randomOf,
  requestRows,
  textOf,
  type Random,
  type Written,
} from './random-rows.js'
import { scannerOfNothing, wasmScanner } from './scanners.js'

type Account = (options: AccountForTripleOptions) => Promise<AccountedTriple>

/** The accounting with modules of its own: what was learned of patterns belongs to one scanner. */
async function accountingWith(scanner: LineScanner): Promise<Account> {
  vi.resetModules()
  const { useLineScanner } = await import('../../../src/accounting/scan/scanner-of-process.js')
  const { accountForTriple } = await import('../../../src/accounting/account.js')
  useLineScanner(scanner)
  return accountForTriple
}

/** An object that does what another one does, but for these methods. */
function like<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_target, name) {
      const value: unknown = Reflect.get(name in methods ? methods : target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** How many rows the scanner in WebAssembly took. */
let scannedRows = 0

function countingScanner(): LineScanner {
  const scanner = wasmScanner()
  const scan: LineScanner['scan'] = (...given) => {
    const count = scanner.scan(...given)
    scannedRows += count
    return count
  }
  return like(scanner, { scan })
}

let nothing: Account
let others: readonly (readonly [name: string, account: Account])[]

beforeEach(async () => {
  scannedRows = 0
  nothing = await accountingWith(scannerOfNothing)
  others = [
    ['WebAssembly', await accountingWith(countingScanner())],
    ['plain', await accountingWith(new PlainScanner())],
  ]
})

afterEach(() => vi.resetModules())

/** Gives as many bytes a read as it likes: lines are cut anywhere. */
function shortReads(random: Random): FileSystem {
  const open: FileSystem['open'] = async (path, mode) => {
    const file = await nodeFileSystem.open(path, mode)
    const read: typeof file.read = (buffer, position) =>
      file.read(buffer.subarray(0, 1 + random(Math.min(buffer.length, 3_000))), position)
    return like(file, { read })
  }
  return like<FileSystem>(nodeFileSystem, { open })
}

/** Which file on the disk it is, is told only of one that has not changed just now. */
const facts = ({ accounting, ledger }: AccountedTriple): unknown => ({
  accounting: { ...accounting, files: accounting.files.map((file) => ({ ...file, identity: null })) },
  requests: Array.from({ length: ledger.size }, (_, ordinal) => [
    ledger.idAt(ordinal),
    ledger.inputAt(ordinal),
    ledger.promiseAt(ordinal),
    ledger.answerAt(ordinal),
    ledger.flagsAt(ordinal),
  ]),
})

async function expectSameAccounting(
  paths: TriplePaths,
  options: Pick<AccountForTripleOptions, 'isCutShort' | 'maxLineBytes' | 'maxRequests'>,
  fsOf: () => FileSystem = () => nodeFileSystem,
): Promise<void> {
  const read = async (account: Account): Promise<unknown> =>
    account({ fs: fsOf(), index: '7', ...paths, ...options }).then(facts, (error: unknown) => String(error))
  const expected = await read(nothing)
  for (const [name, account] of others) expect(await read(account), name).toEqual(expected)
}

const ids = [
  '"a"',
  '"b"',
  '"c"',
  '"d"',
  '"é"',
  '"😀"',
  '"\\u00e9"',
  '"\\u0061"',
  '"\\ud800"',
  '"e"',
  '"f"',
  '"g"',
]

function withId(random: Random, row: Written): string {
  const id = pick(random, ids)
  const withoutId = textOf(row).replace(/"custom_id":"[^"]*",?/, '')
  return random(30) === 0 ? withoutId : withoutId.replace(/^\{/, `{"custom_id":${id},`).replace(',}', '}')
}

/** Few kinds of rows, so that patterns come again. */
function* linesOf(random: Random, rows: readonly Written[], count: number): Generator<string> {
  const kinds = Array.from({ length: 3 }, () => {
    const row = pick(random, rows)
    return random(3) === 0 ? changed(random, row) : row
  })
  for (let left = count; left > 0; left -= 1) {
    const row = pick(random, kinds)
    yield withId(random, random(3) === 0 ? changed(random, row) : row)
  }
}

const damages: readonly ((random: Random, text: string) => string)[] = [
  (_random, text) => text,
  (_random, text) => text,
  (_random, text) => `\uFEFF${text}`,
  (_random, text) => text.replaceAll('\n', '\r\n'),
  (_random, text) => text.replaceAll('\n', '\n\n \t\r\n'),
  (_random, text) => text.slice(0, -1),
  (random, text) => text.slice(0, random(text.length)),
  (random, text) => text.slice(0, random(text.length)) + text.slice(random(text.length)),
  (random, text) => `${text}${pick(random, text.split('\n'))}\n`,
  (random, text) => text.replaceAll('x', () => (random(4) === 0 ? '\u0000' : 'y')),
  (_random, text) => text.replaceAll(':', ' :\t').replaceAll(',', ' ,\r'),
]

function fileOf(random: Random, rows: readonly Written[]): Uint8Array {
  const text = [...linesOf(random, rows, random(14))].map((line) => `${line}\n`).join('')
  const bytes = Buffer.from(pick(random, damages)(random, text))
  // A byte that is no UTF-8.
  if (random(8) === 0 && bytes.length > 0) bytes[random(bytes.length)] = 0x80 | random(128)
  return bytes
}

function tripleOf(random: Random): TripleContent {
  return {
    input: fileOf(random, random(8) === 0 ? answerRows : requestRows),
    output: random(10) === 0 ? undefined : fileOf(random, random(12) === 0 ? requestRows : answerRows),
    error: random(3) === 0 ? fileOf(random, answerRows) : undefined,
  }
}

test('a triple is accounted for alike with each scanner and with none', async () => {
  const random = randomOf(Number(process.env['SCAN_SEED'] ?? 3))
  const directory = await temporaryDirectory()
  for (let left = Number(process.env['SCAN_TRIPLES'] ?? 500); left > 0; left -= 1) {
    const paths = await writeTriple(tripleOf(random), directory)
    const options = {
      isCutShort: random(2) === 0,
      ...(random(10) === 0 ? { maxLineBytes: 200 } : {}),
      ...(random(10) === 0 ? { maxRequests: 3 } : {}),
    }
    const fsOf = random(4) === 0 ? () => shortReads(randomOf(left)) : undefined
    await expectSameAccounting(paths, options, fsOf)
  }
  expect(scannedRows).toBeGreaterThan(1_000)
})

const longTextOf = (number: number): string => (number % 1_000 === 7 ? 'x'.repeat(800_000) : 'yes, no, maybe')

const oneOfMany = (number: number, rest: object): string =>
  JSON.stringify({ custom_id: `r${number}`, kind: number % 1_100, ...rest })

test('files with more kinds of rows than are known are', async () => {
  const numbers = Array.from({ length: 1_500 }, (_, number) => number)
  const body = { choices: [{ message: { content: 'yes' }, finish_reason: 'stop' }] }
  const input = numbers.map((number) => oneOfMany(number, { url: '/v1/chat/completions', body: {} }))
  const output = numbers.map((number) => oneOfMany(number, { response: { status_code: 200, body } }))
  const paths = await writeTriple({ input: `${input.join('\n')}\n`, output: `${output.join('\n')}\n` })
  await expectSameAccounting(paths, { isCutShort: false })
})

test('large files are, with lines longer than a chunk and lines that are not plain', async () => {
  const random = randomOf(5)
  const numbers = Array.from({ length: 6_000 }, (_, number) => number)
  const input = numbers.map((id) =>
    JSON.stringify({
      custom_id: `r${id}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { messages: [longTextOf(id)] },
    }),
  )
  const output = numbers.map((id) => {
    if (id % 500 === 3)
      return pick(random, ['', ' ', 'nonsense', '{"custom_id":"r1"', `{"custom_id":"r${id}"}`])
    const body = { choices: [{ message: { content: `${longTextOf(id)} ${id}` }, finish_reason: 'stop' }] }
    const reply = id % 700 === 5 ? JSON.stringify(body) : body
    return JSON.stringify({
      custom_id: `r${id}`,
      response: { status_code: 200, request_id: `q${id}`, body: reply },
    })
  })
  const paths = await writeTriple({ input: `${input.join('\n')}\n`, output: output.join('\n') })
  expect((await readFile(paths.input)).length).toBeGreaterThan(5_000_000)
  await expectSameAccounting(paths, { isCutShort: false })
  await expectSameAccounting(paths, { isCutShort: false, maxLineBytes: 500_000 })
  expect(scannedRows).toBeGreaterThan(10_000)
})
