import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  reconcileWorkspace,
  verifyWorkspace,
  workspaceStatus,
  type BatchWorkspace,
  type TripleProof,
} from '../../src/index.js'
import { systemProcessTable } from '../../src/workspace/process-table.js'
import { takeWorkerSeat } from '../../src/workspace/workers/worker-seat.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, withWorkspace } from '../workspace/support.js'
import { answeredTriple, answerLine, errorLine, jsonl, requestLine } from './lines.js'
import { outcomes, rowsOf, textOf, userFiles } from './workspaces.js'

const mixed = {
  'workdir/batch_input_4.jsonl': jsonl(requestLine('a'), requestLine('b')),
  'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'yes')),
  'workdir/batch_error_4.jsonl': jsonl(errorLine('b')),
}

const incomplete = {
  'workdir/batch_input_7.jsonl': jsonl(requestLine('a'), requestLine('b')),
  'workdir/batch_output_7.jsonl': jsonl(answerLine('a', 'yes')),
}

describe('a status beside workers', () => {
  test('says who is at work and who has which triple; what a process that is gone left says nothing', () =>
    withWorkspace({ ...mixed, ...incomplete }, async (workspace) => {
      const gone = spawnSync(process.execPath, ['--version']).pid
      const processes = { ...systemProcessTable, pid: gone, startOf: () => null }
      const [seat, left] = [await takeWorkerSeat(workspace), await takeWorkerSeat(workspace, { processes })]
      onTestFinished(() => seat.leave())
      for (const [worker, index] of [
        [left, '4'],
        [seat, '7'],
      ] as const) {
        expect(await worker.take(index)).toMatchObject({ type: 'lease' })
      }
      const { triples, lockedBy, workers } = await workspaceStatus(workspace)
      expect(lockedBy).toBeNull()
      expect(workers).toEqual([expect.stringMatching(`^process ${process.pid} on .*, since `)])
      expect(triples.map(({ index, worker }) => [index, worker?.pid ?? null])).toEqual([
        ['4', null],
        ['7', process.pid],
      ])
    }))
})

describe('the journal', () => {
  test('holds every transition, each beginning where the last one ended', () =>
    withWorkspace(mixed, async (workspace) => {
      await reconcileWorkspace(workspace)
      const entries = rowsOf(workspace, 'logs/batch_journal_4.jsonl')
      expect(entries.map(({ to }) => to)).toEqual([
        'deciding.surveying',
        'checking-ids.checking',
        'processing-errors.logging',
        'processing-outputs.processing',
        'moving-to-done.recording',
        'moving-to-done.moving',
        'done',
      ])
      expect(entries.map(({ from }) => from)).toEqual(['start', ...entries.slice(0, -1).map(({ to }) => to)])
      expect(entries.at(-1)).toMatchObject({ facts: { index: '4', attempt: 1 } })
      expect(textOf(workspace, 'logs/batch_journal_4.jsonl')).not.toContain('Say a.')
    }))

  test('names the problem at which a triple stopped', () =>
    withWorkspace(incomplete, async (workspace) => {
      await reconcileWorkspace(workspace)
      const last = rowsOf(workspace, 'logs/batch_journal_7.jsonl').at(-1)
      expect(last).toMatchObject({ to: 'failed', facts: { problem: { code: 'RequestIdsMismatch' } } })
    }))

  test('that cannot be written stops nothing and draws one warning', () =>
    withWorkspace(mixed, async (workspace) => {
      const disk = faultFileSystem(workspace.fileSystem, [{ path: 'batch_journal_', error: 'EACCES' }])
      const warnings: string[] = []
      const report = await reconcileWorkspace(onDisk(workspace, disk), {
        onEvent: (event) => {
          if (event.type === 'warning') warnings.push(event.message)
        },
      })
      expect(outcomes(report)).toEqual(['4 done'])
      expect(warnings.filter((message) => message.includes('journal'))).toHaveLength(1)
    }))
})

describe('the proof', () => {
  test('names every file with its hash, and what was counted in it', () =>
    withWorkspace(mixed, async (workspace) => {
      const hashes = userFiles(workspace)
      await reconcileWorkspace(workspace)
      const proof = JSON.parse(textOf(workspace, 'logs/batch_accounting_4.json')) as {
        readonly files: readonly { readonly name: string; readonly sha256: string }[]
      }
      expect(proof).toMatchObject({
        verdict: 'balanced',
        counts: { input: 2, output: 1, error: 1, matched: 2, missing: 0 },
        answers: { succeeded: 1, failed: 1 },
      })
      expect(Object.fromEntries(proof.files.map(({ name, sha256 }) => [name, sha256]))).toEqual(hashes)
    }))

  test('is written for a triple that does not add up, too', () =>
    withWorkspace(incomplete, async (workspace) => {
      await reconcileWorkspace(workspace)
      expect(JSON.parse(textOf(workspace, 'logs/batch_accounting_7.json'))).toMatchObject({
        verdict: 'ids-missing',
        problem: { code: 'RequestIdsMismatch' },
        samples: { missing: [{ id: 'b', at: 'batch_input_7.jsonl:2' }] },
      })
    }))
})

async function proofAfter(tamper: (workspace: BatchWorkspace) => void): Promise<TripleProof | undefined> {
  return withWorkspace(mixed, async (workspace) => {
    await reconcileWorkspace(workspace)
    tamper(workspace)
    return (await verifyWorkspace(workspace))[0]
  })
}

const codesOf = (proof: TripleProof | undefined): string[] => (proof?.problems ?? []).map(({ code }) => code)

describe('verify', () => {
  test('proves what a run has finished', async () => {
    const proof = await proofAfter(() => {})
    expect(proof).toMatchObject({ index: '4', isProven: true, problems: [], counts: { matched: 2 } })
  })

  test('finds one byte that was changed', async () => {
    const proof = await proofAfter((workspace) => {
      const path = workspace.layout.doneFile('output', '4')
      writeFileSync(path, textOf(workspace, 'done/batch_output_4.jsonl').replace('yes', 'Yes'))
    })
    expect(proof?.isProven).toBe(false)
    expect(codesOf(proof)).toEqual(['ProofMismatch'])
    expect(proof?.problems[0]?.message).toContain('batch_output_4.jsonl has other content')
  })

  test('finds a file that is gone', async () => {
    const proof = await proofAfter(({ layout }) => rmSync(layout.doneFile('error', '4')))
    expect(codesOf(proof)).toContain('ProofMismatch')
    expect(JSON.stringify(proof?.problems)).toContain('batch_error_4.jsonl is gone')
  })

  test('misses the input and the proof, each by its own code', async () => {
    const withoutInput = await proofAfter(({ layout }) => rmSync(layout.doneFile('input', '4')))
    expect(codesOf(withoutInput)).toContain('MissingBatchInputFileButOthersExist')
    const withoutProof = await proofAfter(({ layout }) => rmSync(layout.accountingFile('4')))
    expect(codesOf(withoutProof)).toEqual(['ProofMissing'])
  })
})

describe('status', () => {
  test('after a failure shows where the triple rests, why, and what was counted', () =>
    withWorkspace({ ...mixed, ...incomplete, ...answeredTriple('8', ['a']) }, async (workspace) => {
      await reconcileWorkspace(workspace)
      const status = await workspaceStatus(workspace)
      expect(status).toMatchObject({ doneCount: 2, lockedBy: null })
      expect(status.triples).toMatchObject([
        {
          index: '7',
          state: 'failed',
          problem: { code: 'RequestIdsMismatch' },
          counts: { missing: 1 },
          attempt: 1,
        },
      ])
    }))

  test('forgets the failure when the files are no longer those of the run', () =>
    withWorkspace(incomplete, async (workspace) => {
      await reconcileWorkspace(workspace)
      const whole = jsonl(answerLine('a', 'yes'), answerLine('b', 'no'))
      writeFileSync(workspace.layout.workdirFile('output', '7'), whole)
      const [triple] = (await workspaceStatus(workspace)).triples
      expect(triple).toMatchObject({ state: 'checking-ids', problem: null, counts: null })
    }))
})
