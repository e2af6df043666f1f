import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { noTokens } from '../../machines/index.js'
import { describe, expect, test } from 'vitest'
import { type AccountingProof, readProof, writeProof } from '../../src/accounting/proof.js'
import { requestCountContradictions } from '../../src/accounting/request-counts.js'
import { type TripleVerification, verifyTriple } from '../../src/accounting/verify.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import {
  account,
  failure,
  jsonl,
  request,
  success,
  temporaryDirectory,
  type TripleContent,
  type TriplePaths,
} from './triple-files.js'

const clock = { now: () => Date.UTC(2025, 0, 2, 3, 4, 5) }
const whole: TripleContent = {
  input: jsonl(request('a'), request('b')),
  output: jsonl(success('a')),
  error: jsonl(failure('b')),
}

interface Proven {
  readonly files: TriplePaths
  readonly proofPath: string
  readonly proof: AccountingProof
  readonly verify: (changes?: { readonly input?: null; readonly error?: null }) => Promise<TripleVerification>
}

async function proven(content: TripleContent, isCutShort = false): Promise<Proven> {
  const { accounting, paths } = await account(content, { isCutShort })
  const proofPath = join(dirname(paths.input), 'batch_accounting_7.json')
  const usage = {
    models: [{ model: 'm', endpoint: null, answers: 1, tokens: noTokens }],
    untold: 1,
    unanswered: 0,
  }
  const contradictions = ['The server counts 3 requests; the files show 2.']
  const facts = { clock, isCutShort, contradictions, usage }
  const proof = await writeProof(nodeFileSystem, proofPath, accounting, facts)
  return {
    files: paths,
    proofPath,
    proof,
    verify: (changes = {}) =>
      verifyTriple({ fs: nodeFileSystem, index: '7', files: { ...paths, ...changes }, proofPath }),
  }
}

const codes = ({ problems }: TripleVerification): string[] => problems.map((problem) => problem.code)

describe('the proof of an accounting', () => {
  test('reads back as it was written, with the time of the clock', async () => {
    const { proof, proofPath } = await proven(whole)
    expect(await readProof(nodeFileSystem, proofPath)).toEqual(proof)
    expect(proof.accounted_at).toBe('2025-01-02T03:04:05.000Z')
    expect(proof).toMatchObject({ schema_version: 1, index: '7', verdict: 'balanced', problem: null })
    expect(proof.contradictions).toEqual(['The server counts 3 requests; the files show 2.'])
  })

  test('keeps its keys in one order, so that two proofs of the same files are the same bytes', async () => {
    const { proofPath, files } = await proven(whole)
    const first = await readFile(proofPath, 'utf8')
    const contents = await Promise.all(
      [files.input, files.output ?? '', files.error ?? ''].map((path) => readFile(path)),
    )
    const [input = '', output, error] = contents
    const again = await proven({ input, output, error })
    expect(await readFile(again.proofPath, 'utf8')).toBe(first)
  })

  test('names the problem when there is one', async () => {
    const { proof } = await proven({ input: whole.input, output: jsonl(success('x')) })
    expect(proof).toMatchObject({ verdict: 'mismatch', problem: { code: 'RequestIdsMismatch' } })
  })

  test('is null where none stands', async () => {
    expect(await readProof(nodeFileSystem, join(await temporaryDirectory(), 'none.json'))).toBe(null)
  })

  test.each([
    ['is cut short', '{"schema_version": 1,', 'not valid JSON'],
    ['is another JSON file', '{"schema_version": 2}', 'schema_version'],
  ])('that %s is refused with what was expected', async (_name, content, words) => {
    const path = join(await temporaryDirectory(), 'proof.json')
    await writeFile(path, content)
    await expect(readProof(nodeFileSystem, path)).rejects.toMatchObject({
      code: 'ProofMismatch',
      message: expect.stringContaining(words),
    })
  })
})

describe('verifying a finished triple', () => {
  test('proves untouched files again', async () => {
    const { verify } = await proven(whole)
    expect(await verify()).toMatchObject({ index: '7', isProven: true, problems: [] })
  })

  test('proves a batch that was cut short again, though answers are missing', async () => {
    const { verify } = await proven({ input: whole.input, output: whole.output }, true)
    expect(await verify()).toMatchObject({
      isProven: true,
      accounting: { verdict: { type: 'balanced-with-missing' } },
    })
  })

  test('finds a single byte that was added, even where every count stays', async () => {
    const { verify, files } = await proven(whole)
    await appendFile(files.output ?? '', '\n')
    const verification = await verify()
    expect(codes(verification)).toEqual(['ProofMismatch'])
    expect(verification.problems[0]?.message).toContain('batch_output_7.jsonl has other content')
  })

  test('finds an answer that was lost, by the files and by the proof', async () => {
    const { verify, files } = await proven(whole)
    await writeFile(files.output ?? '', '')
    const verification = await verify()
    expect(verification.isProven).toBe(false)
    expect(codes(verification)).toEqual(['RequestIdsMismatch', 'ProofMismatch'])
    expect(verification.problems[1]?.message).toContain('matched: 1, proven were 2')
  })

  test('finds a file that is gone', async () => {
    const { verify } = await proven({ ...whole, error: '' })
    expect(codes(await verify({ error: null }))).toContain('ProofMismatch')
  })

  test('says that no proof stands there', async () => {
    const { verify, proofPath } = await proven(whole)
    await rm(proofPath)
    expect(codes(await verify())).toEqual(['ProofMissing'])
  })

  test('says that the input is gone, beside whatever else is wrong', async () => {
    const { verify } = await proven(whole)
    expect(codes(await verify({ input: null }))).toEqual(['MissingBatchInputFileButOthersExist'])
  })

  test('refuses the proof of another triple', async () => {
    const { files, proofPath } = await proven(whole)
    const verification = await verifyTriple({ fs: nodeFileSystem, index: '8', files, proofPath })
    expect(verification.problems[0]?.message).toContain('it is the proof of triple 7')
  })

  test('never calls a mismatch proven, even when the proof says the same', async () => {
    const { verify } = await proven({ input: whole.input, output: jsonl(success('x')) })
    expect(codes(await verify())).toEqual(['RequestIdsMismatch'])
  })

  test('stops when the signal is aborted', async () => {
    const { files, proofPath } = await proven(whole)
    const signal = AbortSignal.abort()
    const verification = verifyTriple({ fs: nodeFileSystem, index: '7', files, proofPath, signal })
    await expect(verification).rejects.toMatchObject({ code: 'Interrupted' })
  })
})

describe("the server's request counts", () => {
  test('are compared with what the files hold', async () => {
    const { accounting } = await account(whole)
    expect(requestCountContradictions({ total: 2, completed: 1, failed: 1 }, accounting)).toEqual([])
    expect(requestCountContradictions({ total: 3, completed: 0, failed: 1 }, accounting)).toEqual([
      'The server counts 3 requests; the files show 2.',
      'The server counts 0 completed requests; the files show 1.',
    ])
  })

  test('contradict nothing where the server said nothing', async () => {
    const { accounting } = await account(whole)
    expect(requestCountContradictions(null, accounting)).toEqual([])
    expect(requestCountContradictions({ total: null, completed: null, failed: null }, accounting)).toEqual([])
  })
})
