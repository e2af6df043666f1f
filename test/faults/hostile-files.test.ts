import { writeFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isBatchReconciliationError,
  planWorkspace,
  reconcileWorkspace,
  verifyWorkspace,
  workspaceStatus,
  type BatchWorkspace,
} from '../../src/index.js'
import { answeredTriple, metadataText } from '../engine/lines.js'
import { impatientClock } from '../engine/workspaces.js'
import { insideOnly } from '../fakes/inside-only.js'
import { onDisk, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'
import { oddValue, placesIn, replaced } from './odd-values.js'

const token = '0123456789abcdef0123456789abcdef'
const process = { host: 'elsewhere', pid: 1, process_start: null, process_namespace: null, token }

/** What we read beside the rows, as a file of ours would have it. */
const records: Readonly<Record<string, object>> = {
  'workdir/batch_metadata_1.jsonl': {
    batch_id: 'batch_1',
    input_file_id: 'file-1',
    output_file_id: 'file-2',
    remote_status: 'completed',
    attempt: 1,
    parent_index: null,
    root_index: '1',
    submission: { intent_key: 'k', intended_at_ms: 1, input_sha256: null, asked_at_ms: 1 },
    cancel: { intended_at_ms: 1, answered_at_ms: 2 },
    room: { since_ms: 1, refusals: 1, next_try_at_ms: 1 },
    split: { parts: 2, reason: 'why', decided_at_ms: 1 },
    accepted: { accepted_at_ms: 1, missing: true, unrecognised: true, keep: 'first', files: [] },
    move: { intended_at_ms: 1, files: [{ name: 'batch_input_1.jsonl', bytes: 1, sha256: 'x' }] },
    last_polled_at_ms: 1,
    submitted_at_ms: 1,
    created_at_ms: 1,
    request_counts: { total: 1, completed: 1, failed: 0 },
  },
  'logs/batch_journal_1.jsonl': {
    at: '2026-01-01T00:00:00.000Z',
    from: 'deciding',
    event: 'course.chosen',
    to: 'failed',
    since: '2026-01-01T00:00:00.000Z',
    facts: { problem: { code: 'DiskFull', message: 'm', facts: {} }, index: '1', batchId: 'batch_1' },
  },
  'logs/batch_accounting_1.json': {
    schema_version: 1,
    index: '1',
    verdict: 'balanced',
    accounted_at: '2026-01-01T00:00:00.000Z',
    files: [{ kind: 'input', name: 'batch_input_1.jsonl', bytes: 1, sha256: 'x', lines: 1, rows: 1 }],
  },
  'logs/batch_rows_1.part.jsonl': { type: 'row', custom_id: 'a', at: 1, class: 'succeeded' },
  'logs/batch_tokens.jsonl': {
    index: '1',
    at: '2026-01-01T00:00:00.000Z',
    tokens: { input: 1, output: 1, cached: 0 },
  },
  'target/batch_results_1.jsonl': {
    custom_id: 'a',
    outcome: 'success',
    content: 'yes',
    attempt: 1,
    source: { index: '1', file: 'output', line: 1 },
  },
  '.batch-reconciler.lock': { ...process, acquired_at_ms: 1 },
  [`.batch-reconciler.workers/worker.${token}.json`]: {
    ...process,
    since_ms: 1,
    signs_of_life: 1,
    lease_ms: 1,
    ends_at_ms: 1,
  },
  '.batch-reconciler.workers/lease.1.1.json': process,
}

/** Text of the record with one value in it, at any depth, replaced by an odd one, or spoilt as a text. */
const oddText = (record: object): fc.Arbitrary<string> => {
  const places = placesIn(record)
  const changed = fc
    .tuple(fc.constantFrom(...places), oddValue)
    .map(([place, value]) => `${JSON.stringify(replaced(record, place, value))}\n`)
  const deep = fc
    .constantFrom(...places)
    .map((place) => JSON.stringify(replaced(record, place, marker)).replace(`"${marker}"`, nest))
  const odder = fc.constantFrom(
    '',
    '\0',
    '[]',
    'null',
    '"text"',
    '\uFEFF{}',
    '{"__proto__":{"batch_id":7}}',
    '{',
    nest,
  )
  return fc.oneof({ weight: 4, arbitrary: changed }, deep, odder)
}

const marker = 'HERE'
const nest = `${'['.repeat(5_000)}${']'.repeat(5_000)}`

const input = answeredTriple('1', ['a'])

function put({ root }: BatchWorkspace, name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), text)
}

/** The codes of whatever does not go well; throws what is no problem of ours. */
async function codesOf(workspace: BatchWorkspace): Promise<readonly string[]> {
  const codes: string[] = []
  const noted = (error: unknown): void => {
    if (!isBatchReconciliationError(error)) throw error
    codes.push(error.code)
  }
  const run = reconcileWorkspace(workspace, { clock: impatientClock, limits: { maxRetries: 0 } })
  const problems = (await run.catch(noted))?.triples.map(({ problem }) => problem?.code) ?? []
  await workspaceStatus(workspace).catch(noted)
  await planWorkspace(workspace, { shouldCheckIds: true }).catch(noted)
  await verifyWorkspace(workspace).catch(noted)
  return [...codes, ...problems.filter((code) => code !== undefined)]
}

describe.each(Object.entries(records))('%s of which nothing can be believed', (name, record) => {
  test(
    'draws a problem that is known or none, and takes no request away',
    () =>
      fc.assert(
        fc.asyncProperty(oddText(record), (text) =>
          withWorkspace(
            { ...input, 'workdir/batch_metadata_1.jsonl': metadataText({}) },
            async (workspace) => {
              put(workspace, name, text)
              const disk = insideOnly(unsyncedFileSystem, workspace.root)
              expect(await codesOf(onDisk(workspace, disk))).not.toContain('UnexpectedError')
              expect(disk.outside).toEqual([])
              const kept = ['workdir', 'done'].flatMap((folder) => {
                try {
                  return [readFileSync(join(workspace.root, folder, 'batch_input_1.jsonl'), 'utf8')]
                } catch {
                  return []
                }
              })
              expect(kept).toContain(input['workdir/batch_input_1.jsonl'])
            },
          ),
        ),
        { seed: 1_313, numRuns: 60 },
      ),
    60_000,
  )
})
