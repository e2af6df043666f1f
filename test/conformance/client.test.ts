import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  executeReconciliationOperation,
  locateTriple,
  nodeFileSystem,
  readMetadata,
  reconcileTriple,
  type BatchFileReconciliationOperation,
  type BatchProvider,
  type BatchWorkspace,
} from '../../src/index.js'
import type { SubmitRequest } from '../../src/providers/batch-provider.js'
import { faults, type BatchPlan, type Fault, type Operation } from '../../src/testing/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import {
  filesBelow,
  onDisk,
  putFiles,
  rejection,
  withDirectory,
  withWorkspace,
} from '../workspace/support.js'
import {
  answerLine,
  errorLine,
  impatientClock,
  jsonl,
  namesIn,
  noSignal,
  nothingAnswered,
  online,
  onlyErrors,
  outcomesOf,
  putSubmitted,
  requestLine,
  secondFails,
  serverFile,
  type Online,
} from './support.js'

interface Scene extends Online {
  readonly workspace: BatchWorkspace
  readonly batchId: string
  readonly inputFileId: string
}

/** A triple 4 with requests `a` and `b` that was submitted; the batch has not begun. */
function withSubmitted<T>(plan: BatchPlan, use: (scene: Scene) => Promise<T>): Promise<T> {
  return withWorkspace({}, async (workspace) => {
    const world = online()
    const submitted = await putSubmitted(workspace, world, { index: '4', ids: ['a', 'b'], plan })
    return use({ ...world, workspace, ...submitted })
  })
}

/** The same, when the batch has ended. */
const withFinished = <T>(plan: BatchPlan, use: (scene: Scene) => Promise<T>): Promise<T> =>
  withSubmitted(plan, (scene) => {
    scene.server.finishBatches()
    return use(scene)
  })

async function execute(
  { workspace, provider }: { readonly workspace: BatchWorkspace; readonly provider: BatchProvider },
  operation: BatchFileReconciliationOperation = 'CheckForBatchOutputAndErrorFileOnline',
) {
  return executeReconciliationOperation(await locateTriple(workspace, '4'), operation, { provider })
}

/** One pass over triple 4. Passing faults are tried again `maxRetries` times. */
async function pass({ workspace, provider }: Scene, maxRetries = 5) {
  const triple = await locateTriple(workspace, '4')
  return reconcileTriple(workspace, triple, { provider, clock: impatientClock, limits: { maxRetries } })
}

const fileIn = ({ workspace }: Scene, kind: 'output' | 'error'): string | undefined =>
  filesBelow(workspace.root)[`workdir/batch_${kind}_4.jsonl`]

/** The provider, with a file of another process appearing in the middle of the first download. */
function withIntruder({ provider, workspace }: Scene, kind: 'output' | 'error'): BatchProvider {
  return {
    ...provider,
    download: async (fileId, write, signal) => {
      await writeFile(workspace.layout.workdirFile(kind, '4'), 'of another process')
      return provider.download(fileId, write, signal)
    },
  }
}

/** The server refuses every call of this operation in so many words. */
const refused = (operation: Operation): Fault => ({
  on: operation,
  times: Infinity,
  effect: { type: 'answer', status: 400, body: { error: { message: 'No.', type: 'invalid_request_error' } } },
})

/** The connection breaks at every call of this operation. */
const broken = (operation: Operation): Fault => ({
  on: operation,
  times: Infinity,
  effect: { type: 'reset' },
})

function inputFile<T>(use: (request: SubmitRequest) => Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    const inputPath = join(directory, 'batch_input_4.jsonl')
    await writeFile(inputPath, jsonl(requestLine('a')))
    return use({
      inputPath,
      openInput: () => nodeFileSystem.openAsBlob(inputPath),
      endpoint: '/v1/chat/completions',
      metadata: {},
      inputFileId: null,
      onUploaded: async () => {},
    })
  })
}

const submit = ({ provider }: Online, changes: Partial<SubmitRequest> = {}) =>
  inputFile((request) => provider.submit({ ...request, ...changes }, noSignal))

const download = async ({ provider }: Online, fileId: string): Promise<string> => {
  const pieces: Uint8Array[] = []
  await provider.download(fileId, async (bytes) => void pieces.push(Uint8Array.from(bytes)), noSignal)
  return Buffer.concat(pieces).toString()
}

describe('asking and downloading', () => {
  test('C1 a batch in progress: BatchStillProcessing', async () => {
    await withSubmitted({ validatingMs: 0 }, async (scene) => {
      scene.server.advance(5_000)
      expect((await rejection(execute(scene))).code).toBe('BatchStillProcessing')
    })
  })

  test('C2 a batch that failed: BatchFailed', async () => {
    const errors = [{ code: 'invalid_json_line', message: 'Line 1.', param: null, line: 1 }]
    await withFinished({ ending: { status: 'failed', errors } }, async (scene) => {
      expect((await rejection(execute(scene))).code).toBe('BatchFailed')
    })
  })

  test('C3 an output file that stands here is neither downloaded nor overwritten', async () => {
    await withFinished({}, async (scene) => {
      const here = jsonl(answerLine('a', 'mine'))
      putFiles(scene.workspace.root, { 'workdir/batch_output_4.jsonl': here })
      await execute(scene)
      expect(fileIn(scene, 'output')).toBe(here)
      expect(scene.server.requests('files.content')).toEqual([])
    })
  })

  test('C4 an error file that stands here is neither downloaded nor overwritten', async () => {
    await withFinished(secondFails, async (scene) => {
      const here = jsonl(errorLine('b'))
      putFiles(scene.workspace.root, { 'workdir/batch_error_4.jsonl': here })
      await execute(scene)
      expect(fileIn(scene, 'error')).toBe(here)
      expect(fileIn(scene, 'output')).toBe(serverFile(scene, scene.batchId, 'output'))
      expect(scene.server.requests('files.content')).toHaveLength(1)
    })
  })

  test('C5 a completed batch without files succeeds', async () => {
    await withFinished(nothingAnswered, async (scene) => {
      await execute(scene)
      expect(namesIn(scene.workspace, 'workdir')).toEqual(['batch_input_4.jsonl', 'batch_metadata_4.jsonl'])
    })
  })

  test('C6 an output file alone is downloaded, byte for byte', async () => {
    await withFinished({}, async (scene) => {
      await execute(scene)
      expect(fileIn(scene, 'output')).toBe(serverFile(scene, scene.batchId, 'output'))
      expect(fileIn(scene, 'error')).toBeUndefined()
    })
  })

  test('C7 an error file alone is downloaded, byte for byte', async () => {
    await withFinished(onlyErrors, async (scene) => {
      await execute(scene)
      expect(fileIn(scene, 'error')).toBe(serverFile(scene, scene.batchId, 'error'))
      expect(fileIn(scene, 'output')).toBeUndefined()
    })
  })

  test('C8 both files are downloaded, byte for byte', async () => {
    await withFinished(secondFails, async (scene) => {
      const { recommended } = await execute(scene)
      expect(fileIn(scene, 'output')).toBe(serverFile(scene, scene.batchId, 'output'))
      expect(fileIn(scene, 'error')).toBe(serverFile(scene, scene.batchId, 'error'))
      expect(recommended?.at(-1)).toBe('MoveBatchTripleToTheDoneDirectory')
    })
  })
})

/** What the metadata says after the server was asked once. */
async function idsNoted(plan: BatchPlan) {
  return withFinished(plan, async (scene) => {
    const batch = (await scene.provider.status([scene.batchId], noSignal)).get(scene.batchId)
    await execute(scene)
    const metadata = await readMetadata(scene.workspace, await locateTriple(scene.workspace, '4'))
    expect(metadata?.output_file_id).toBe(batch?.outputFileId)
    expect(metadata?.error_file_id).toBe(batch?.errorFileId)
    return { status: batch?.status, output: batch?.outputFileId != null, error: batch?.errorFileId != null }
  })
}

describe('status', () => {
  test('C9 completed without files: neither is announced', async () => {
    expect(await idsNoted(nothingAnswered)).toEqual({ status: 'completed', output: false, error: false })
  })

  test('C10 completed with an output file: the output is announced and its id noted', async () => {
    expect(await idsNoted({})).toEqual({ status: 'completed', output: true, error: false })
  })

  test('C11 completed with an error file: the error file is announced and its id noted', async () => {
    expect(await idsNoted(onlyErrors)).toEqual({ status: 'completed', output: false, error: true })
  })

  test('C12 completed with both: both are announced and their ids noted', async () => {
    expect(await idsNoted(secondFails)).toEqual({ status: 'completed', output: true, error: true })
  })

  test('C13 failed: the triple needs attention', async () => {
    const errors = [{ code: 'invalid_json_line', message: 'Line 1.', param: null, line: 1 }]
    await withFinished({ ending: { status: 'failed', errors } }, async (scene) => {
      const { outcome } = await pass(scene)
      expect(outcome).toMatchObject({ type: 'needs-attention', problem: { code: 'BatchFailed' } })
    })
  })

  test('C14 in progress: the triple is pending, which is no error', async () => {
    await withSubmitted({ validatingMs: 0 }, async (scene) => {
      scene.server.advance(5_000)
      const { outcome } = await pass(scene)
      expect(outcome).toEqual({ type: 'pending', remoteStatus: 'in_progress', problem: null })
    })
  })

  test('C15 cancelled: known for what it is, and its partial results are fetched', async () => {
    await withFinished({ ending: { status: 'cancelled', afterShare: 0.5 } }, async (scene) => {
      const { outcome, remoteStatus } = await pass(scene)
      expect(remoteStatus).toBe('cancelled')
      expect(outcome.type).toBe('done')
      expect(outcomesOf(scene.workspace, '4')).toEqual({ a: 'success', b: 'not-executed' })
    })
  })
})

describe('creating a batch', () => {
  test('C16 a batch is created for the file that was uploaded, and says so', async () => {
    const world = online()
    const uploaded: string[] = []
    const batch = await submit(world, { onUploaded: async (fileId) => void uploaded.push(fileId) })
    expect(batch.inputFileId).toBe(uploaded[0])
    expect(world.server.batches()).toMatchObject([{ id: batch.batchId, input_file_id: uploaded[0] }])
  })

  test('C17 an empty file id counts as none: the input is uploaded', async () => {
    const world = online()
    const batch = await submit(world, { inputFileId: '' })
    expect(world.server.files().map(({ id }) => id)).toEqual([batch.inputFileId])
  })

  test('C18 a creation that the server refuses is an error, and nothing was created', async () => {
    const world = online()
    world.server.script(refused('batches.create'))
    expect((await rejection(submit(world))).code).toBe('RequestRefused')
    expect(world.server.batches()).toEqual([])
  })

  test('C19 a creation whose connection breaks is an error that admits its doubt', async () => {
    const world = online()
    world.server.script(broken('batches.create'))
    expect((await rejection(submit(world))).code).toBe('SubmissionAmbiguous')
  })
})

const downloads = {
  output: { plan: {}, operation: 'DownloadBatchOutputFileOnline' },
  error: { plan: onlyErrors, operation: 'CheckForBatchErrorFileOnline' },
} as const

describe('downloading the error file', () => {
  const { plan, operation } = downloads.error

  test('C20 the error file is downloaded', async () => {
    await withFinished(plan, async (scene) => {
      await execute(scene, operation)
      expect(fileIn(scene, 'error')).toBe(serverFile(scene, scene.batchId, 'error'))
    })
  })

  test('C21 an error file that appears meanwhile: ErrorFileAlreadyExists, and it is not overwritten', async () => {
    await withFinished(secondFails, async (scene) => {
      const provider = withIntruder(scene, 'error')
      const problem = await rejection(execute({ ...scene, provider }, operation))
      expect(problem.code).toBe('ErrorFileAlreadyExists')
      expect(fileIn(scene, 'error')).toBe('of another process')
    })
  })

  test('C22 a batch that names no error file: nothing is asked for and nothing appears', async () => {
    await withFinished({}, async (scene) => {
      putFiles(scene.workspace.root, { 'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'mine')) })
      await execute(scene, operation)
      expect(fileIn(scene, 'error')).toBeUndefined()
      expect(scene.server.requests('files.content')).toEqual([])
    })
  })

  test('C23 an error file the server no longer has: BatchFilesGone', async () => {
    await withFinished(plan, async (scene) => {
      scene.server.script(faults.misreported((batch) => ({ ...batch, error_file_id: 'file-gone' })))
      expect((await rejection(execute(scene, operation))).code).toBe('BatchFilesGone')
      expect(fileIn(scene, 'error')).toBeUndefined()
    })
  })

  test('C24 a workdir that may not be written to: PermissionDenied', async () => {
    await withFinished(plan, async (scene) => {
      const disk = faultFileSystem(nodeFileSystem, [
        { operation: 'open', path: 'batch_error_4', error: 'EACCES' },
      ])
      const workspace = onDisk(scene.workspace, disk)
      expect((await rejection(execute({ ...scene, workspace }, operation))).code).toBe('PermissionDenied')
      expect(fileIn(scene, 'error')).toBeUndefined()
    })
  })
})

describe('downloading the output file', () => {
  const { plan, operation } = downloads.output

  test('C25 the output file is downloaded', async () => {
    await withFinished(plan, async (scene) => {
      await execute(scene, operation)
      expect(fileIn(scene, 'output')).toBe(serverFile(scene, scene.batchId, 'output'))
    })
  })

  test('C26 an output file that appears meanwhile: OutputFileAlreadyExists, and it is not overwritten', async () => {
    await withFinished(plan, async (scene) => {
      const provider = withIntruder(scene, 'output')
      const problem = await rejection(execute({ ...scene, provider }, operation))
      expect(problem.code).toBe('OutputFileAlreadyExists')
      expect(fileIn(scene, 'output')).toBe('of another process')
    })
  })

  test('C27 a batch that names no output file: nothing is asked for and nothing appears', async () => {
    await withFinished(nothingAnswered, async (scene) => {
      await execute(scene, operation)
      expect(fileIn(scene, 'output')).toBeUndefined()
      expect(scene.server.requests('files.content')).toEqual([])
    })
  })

  test('C28 an output file the server no longer has: BatchFilesGone', async () => {
    await withFinished(plan, async (scene) => {
      scene.server.script(faults.misreported((batch) => ({ ...batch, output_file_id: 'file-gone' })))
      expect((await rejection(execute(scene, operation))).code).toBe('BatchFilesGone')
      expect(fileIn(scene, 'output')).toBeUndefined()
    })
  })

  test('C29 a workdir that may not be written to: PermissionDenied', async () => {
    await withFinished(plan, async (scene) => {
      const disk = faultFileSystem(nodeFileSystem, [
        { operation: 'open', path: 'batch_output_4', error: 'EACCES' },
      ])
      const workspace = onDisk(scene.workspace, disk)
      expect((await rejection(execute({ ...scene, workspace }, operation))).code).toBe('PermissionDenied')
      expect(fileIn(scene, 'output')).toBeUndefined()
    })
  })
})

describe('file content', () => {
  test('C30 a file the server has gives its bytes', async () => {
    await withFinished({}, async (scene) => {
      const [fileId] = scene.server.files().map(({ id }) => id)
      expect(await download(scene, fileId ?? '')).toBe(jsonl(requestLine('a'), requestLine('b')))
    })
  })

  test('C31 an empty file id is an error, without a call', async () => {
    const world = online()
    expect((await rejection(download(world, ''))).code).toBe('BatchFilesGone')
    expect(world.server.requests()).toEqual([])
  })

  test('C32 content that the server refuses is an error', async () => {
    await withFinished({}, async (scene) => {
      scene.server.script(refused('files.content'))
      expect((await rejection(download(scene, scene.inputFileId))).code).toBe('RequestRefused')
    })
  })

  test('C33 content whose connection breaks is a passing error', async () => {
    await withFinished({}, async (scene) => {
      scene.server.script(broken('files.content'))
      const { problem } = await rejection(download(scene, scene.inputFileId))
      expect(problem).toMatchObject({ code: 'NetworkError', isPassing: true })
    })
  })
})

describe('a server to test with', () => {
  test('C36 its batches and files can be looked at', async () => {
    await withFinished({}, async ({ server, batchId, inputFileId }) => {
      const [batch] = server.batches()
      expect(batch?.id).toBe(batchId)
      expect(server.files().map(({ id }) => id)).toEqual([inputFileId, batch?.output_file_id])
    })
  })

  test('C37 it is used through the interface that every server is used through', async () => {
    const world = online()
    const provider: BatchProvider = world.provider
    const { batchId } = await inputFile((request) => provider.submit(request, noSignal))
    expect([...(await provider.status([batchId], noSignal)).keys()]).toEqual([batchId])
  })

  test('C38 a batch runs, then completes; a file it does not have is an error', async () => {
    const world = online({ defaults: { validatingMs: 0 } })
    const { batchId } = await submit(world)
    const statusOf = async () => (await world.provider.status([batchId], noSignal)).get(batchId)?.status
    world.server.advance(1_000)
    expect(await statusOf()).toBe('in_progress')
    world.server.finishBatches()
    expect(await statusOf()).toBe('completed')
    expect((await rejection(download(world, 'file-nobody-has'))).code).toBe('BatchFilesGone')
  })
})

describe('retrieving a batch', () => {
  test('C39 a batch is retrieved by its id', async () => {
    await withSubmitted({}, async ({ provider, batchId }) => {
      expect((await provider.status([batchId], noSignal)).get(batchId)).toMatchObject({ batchId })
    })
  })

  test('C40 an empty id is a batch the server does not know, without a call', async () => {
    const { provider, server } = online()
    expect([...(await provider.status([''], noSignal))]).toEqual([['', null]])
    expect(server.requests()).toEqual([])
  })

  test('C41 a retrieval that the server refuses is an error', async () => {
    await withSubmitted({}, async ({ provider, server, batchId }) => {
      server.script(refused('batches.retrieve'))
      expect((await rejection(provider.status([batchId], noSignal))).code).toBe('RequestRefused')
    })
  })

  test('C42 a retrieval whose connection breaks is a passing error', async () => {
    await withSubmitted({}, async ({ provider, server, batchId }) => {
      server.script(broken('batches.retrieve'))
      const { problem } = await rejection(provider.status([batchId], noSignal))
      expect(problem).toMatchObject({ code: 'NetworkError', isPassing: true })
    })
  })
})

describe('uploading', () => {
  test('C43 a file that exists is uploaded, byte for byte', async () => {
    const world = online()
    await inputFile(async (request) => {
      const { inputFileId } = await world.provider.submit(request, noSignal)
      const bytes = world.server.fileBytes(inputFileId ?? '')
      expect(bytes && Buffer.from(bytes).toString()).toBe(readFileSync(request.inputPath, 'utf8'))
    })
  })

  test('C44 a file that does not exist is an error, without a call', async () => {
    const world = online()
    const inputPath = '/this/path/does/not/exist.jsonl'
    expect(existsSync(inputPath)).toBe(false)
    const missing = { inputPath, openInput: () => nodeFileSystem.openAsBlob(inputPath) }
    expect((await rejection(submit(world, missing))).code).toBe('FileSystemError')
    expect(world.server.requests()).toEqual([])
  })

  test('C45 an upload that the server refuses is an error, and no batch is created', async () => {
    const world = online()
    world.server.script(refused('files.create'))
    expect((await rejection(submit(world))).code).toBe('RequestRefused')
    expect(world.server.requests('batches.create')).toEqual([])
  })

  test('C46 an upload whose connection breaks is a passing error, and no batch is created', async () => {
    const world = online()
    world.server.script(broken('files.create'))
    expect((await rejection(submit(world))).problem).toMatchObject({ code: 'NetworkError', isPassing: true })
    expect(world.server.requests('batches.create')).toEqual([])
  })
})

describe('from pass to pass', () => {
  test('C47 a batch that has completed is done in one pass', async () => {
    await withFinished(secondFails, async (scene) => {
      expect((await pass(scene)).outcome.type).toBe('done')
      expect(outcomesOf(scene.workspace, '4')).toEqual({ a: 'success', b: 'permanent' })
    })
  })

  test('C48 a batch that failed at once ends the pass with its failure', async () => {
    await withFinished({ ending: { status: 'failed', errors: [] } }, async (scene) => {
      expect((await pass(scene)).outcome).toMatchObject({ problem: { code: 'BatchFailed' } })
    })
  })

  test('C49 a batch that fails later is pending until then', async () => {
    await withSubmitted({ ending: { status: 'failed', errors: [] } }, async (scene) => {
      expect((await pass(scene)).outcome).toMatchObject({ type: 'pending', remoteStatus: 'validating' })
      scene.server.finishBatches()
      expect((await pass(scene)).outcome).toMatchObject({ problem: { code: 'BatchFailed' } })
    })
  })

  test('C50 a server that cannot be asked ends the pass with that error, after the tries it was given', async () => {
    await withSubmitted({}, async (scene) => {
      scene.server.script(broken('batches.retrieve'))
      expect((await pass(scene, 2)).outcome).toMatchObject({
        type: 'failed',
        problem: { code: 'NetworkError' },
      })
      expect(scene.server.requests('batches.retrieve')).toHaveLength(3)
    })
  })

  test('C51 a batch in progress is pending, and done when it has completed', async () => {
    await withSubmitted({ validatingMs: 0 }, async (scene) => {
      scene.server.advance(1_000)
      expect((await pass(scene)).outcome).toMatchObject({ type: 'pending', remoteStatus: 'in_progress' })
      scene.server.finishBatches()
      expect((await pass(scene)).outcome.type).toBe('done')
    })
  })
})
