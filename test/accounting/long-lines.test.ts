import { expect, test } from 'vitest'
import { lineScanner, useLineScanner } from '../../src/accounting/scan/scanner-of-process.js'
import { account, jsonl, request, success } from './triple-files.js'

test('a line that spans many chunks is scanned once it is whole, not with each chunk', async () => {
  const scanner = lineScanner()
  let scanned = 0
  const counting = new Proxy(scanner, {
    get(target, name) {
      if (name === 'scan')
        return (...[bytes, from, to, ...rest]: Parameters<typeof scanner.scan>) => {
          scanned += to - from
          return target.scan(bytes, from, to, ...rest)
        }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  useLineScanner(counting)
  try {
    const bytes = 12_000_000
    const { accounting } = await account({
      input: jsonl(request('a'), request('b')),
      output: jsonl(success('a', 'x'.repeat(bytes)), success('b')),
    })
    expect(accounting.verdict.type).not.toBe('mismatch')
    expect(scanned).toBeGreaterThan(bytes)
    expect(scanned).toBeLessThan(3 * bytes)
  } finally {
    useLineScanner(scanner)
  }
})
