import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createFakeBatchServer,
  faults,
  type FakeBatchServer,
  type Fault,
  type FakeBatchServerOptions,
} from '../../src/testing/index.js'
import { idsUpTo, jsonl, requestLine } from '../engine/lines.js'
import { filesBelow, putFiles } from '../workspace/support.js'
import {
  batchReconciler,
  hurriedClock,
  jsonLines,
  recipes,
  temporaryFolder,
  workspaceWith,
  type RunOptions,
  type RunResult,
} from './command-line.js'

const key = 'sk-proj-a-key-that-nobody-may-see-0123456789'
const hourMs = 3_600_000

/** A server on a loopback port, a workspace, and a requests file of five requests. */
interface Scene {
  readonly server: FakeBatchServer
  readonly root: string
  readonly requests: string
  readonly baseURL: string
  /** Runs a command with key and server in the environment. */
  readonly command: (inputs: readonly string[], options?: RunOptions) => Promise<RunResult>
}

async function scene(options: FakeBatchServerOptions = {}): Promise<Scene> {
  const server = createFakeBatchServer({ defaults: { inProgressMs: hourMs }, ...options })
  const { baseURL, close } = await server.listen()
  onTestFinished(close)
  const folder = await temporaryFolder()
  const [root, requests] = [join(folder, 'batches'), join(folder, 'requests.jsonl')]
  writeFileSync(requests, jsonl(...idsUpTo(5).map((id) => requestLine(id))))
  const env = { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseURL }
  const command: Scene['command'] = async (inputs, more = {}) => {
    const result = await batchReconciler(inputs, { currentDirectory: folder, env, ...more })
    expect(result.stdout + result.stderr).not.toContain(key)
    expect(Object.values(filesBelow(folder)).filter((text) => text.includes(key))).toEqual([])
    return result
  }
  return { server, root, requests, baseURL, command }
}

/** The outcome of each triple, by its index. */
const outcomes = ({ stdout }: RunResult): unknown[] => jsonLines(stdout).map(({ outcome }) => outcome)

const indexOf = ({ stdout }: RunResult): string => String(jsonLines(stdout)[0]?.['index'])

const workdir = (root: string): Promise<string[]> => readdir(join(root, 'workdir'))

/** `custom_id` and outcome of each result. */
function resultsOf({ root }: Scene, index: string): unknown[] {
  const path = join(root, 'target', `batch_results_${index}.jsonl`)
  return jsonLines(readFileSync(path, 'utf8')).map(({ custom_id: id, outcome }) => [id, outcome])
}

/** Submits the five requests; gives the index of their triple. */
async function submitted({ command, root, requests }: Scene): Promise<string> {
  return indexOf(await command(['submit', root, requests, '--json']))
}

describe('cancel', () => {
  test('shows what it would stop and asks; a yes stops it at the server, anything else nothing', async () => {
    const one = await scene()
    const index = await submitted(one)
    const declined = await one.command(['cancel', 'batches', index], { answer: '' })
    expect(declined.exitCode).toBe(0)
    expect(declined.stderr).toContain(`${index}: batch ${one.server.batches()[0]?.id}`)
    expect(declined.stderr).toContain('Nothing was cancelled.')
    expect(one.server.requests('batches.cancel')).toHaveLength(0)
    const agreed = await one.command(['cancel', 'batches', index], { answer: 'y' })
    expect(agreed.exitCode).toBe(0)
    expect(agreed.stderr).toContain('5 requests')
    expect(one.server.requests('batches.cancel')).toHaveLength(1)
  })

  test('without a terminal wants --yes, and touches nothing without it', async () => {
    const one = await scene()
    await submitted(one)
    const before = filesBelow(one.root)
    const refused = await one.command(['cancel', 'batches'])
    expect(refused.exitCode).toBe(2)
    expect(refused.stderr).toContain('--yes')
    expect(filesBelow(one.root)).toEqual(before)
    expect(one.server.requests('batches.cancel')).toHaveLength(0)
    expect((await one.command(['cancel', 'batches', '--yes', '--json'])).exitCode).toBe(0)
    expect(one.server.requests('batches.cancel')).toHaveLength(1)
    expect((await one.command(['cancel', 'batches'])).stderr).toContain('No batch is under way')
  })
})

describe('submit', () => {
  test('sends a file as one batch and says what became of it', async () => {
    const { server, root, requests, command } = await scene()
    const { exitCode, stdout, stderr } = await command(['submit', 'batches', 'requests.jsonl'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/ pending .*run again later/)
    expect(stderr).toMatch(new RegExp(`^5 requests of ${requests} are triple [0-9a-f-]{36}\\.`, 'm'))
    expect(stderr).toContain('1 triple: 1 pending.')
    expect(server.batches()).toHaveLength(1)
    expect(await workdir(root)).toHaveLength(2)
  })

  test('refuses a bad file with line and code; nothing is written or sent', async () => {
    const { server, root, requests, command } = await scene()
    writeFileSync(requests, jsonl(requestLine('a'), '{"custom_id":"b"', requestLine('a')))
    const { exitCode, stdout, stderr } = await command(['submit', root, requests])
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toContain('✗ RequestsFileInvalid: ')
    expect(stderr).toMatch(/requests\.jsonl:2: invalid_json_line/)
    expect(stderr).toMatch(/line 3: duplicate_custom_id/)
    expect(server.requests()).toEqual([])
    expect(await workdir(root)).toEqual([])
  })

  test('twice makes one batch, and says so; --again makes another', async () => {
    const { server, root, requests, command } = await scene()
    const first = await command(['submit', root, requests, '--json'])
    const second = await command(['submit', root, requests, '--json'])
    expect(indexOf(second)).toBe(indexOf(first))
    expect(second.exitCode).toBe(0)
    expect(second.stderr).toContain(
      `Nothing new to send: all 5 requests of ${requests} were sent before: triple ${indexOf(first)} (5 pending`,
    )
    expect(second.stderr).not.toContain('nothing to do')
    expect(jsonLines(second.stdout)).toMatchObject([{ outcome: 'pending', left_out: 5 }])
    expect(server.batches()).toHaveLength(1)
    const third = await command(['submit', root, requests, '--again', '--json'])
    expect(indexOf(third)).not.toBe(indexOf(first))
    expect(server.batches()).toHaveLength(2)
  })

  test('splits a file of two models into two triples', async () => {
    const { server, root, requests, command } = await scene()
    const other = requestLine('other').replace('gpt-4o-mini', 'gpt-4.1-nano')
    writeFileSync(requests, jsonl(requestLine('one'), other))
    expect(outcomes(await command(['submit', root, requests, '--json']))).toEqual(['pending', 'pending'])
    expect(server.batches()).toHaveLength(2)
  })

  test.each([
    ['submit', (here: Scene) => here.command(['submit', here.root, here.requests, '--json'])],
    ['run', (here: Scene) => here.command(['run', here.root, '--submit', '--json'])],
  ])('429 to a creation: %s says that watch goes on, exits 75, and no batch is made', async (name, send) => {
    const here = await scene({ faults: [{ ...faults.rateLimited('batches.create'), times: 20 }] })
    if (name === 'run') {
      const input = readFileSync(here.requests, 'utf8')
      putFiles(here.root, { 'workdir/batch_input_7.jsonl': input })
    }
    const { exitCode, stdout, stderr } = await send(here)
    expect(exitCode).toBe(75)
    expect(jsonLines(stdout)).toMatchObject([{ error: { code: 'RateLimited' } }])
    expect(stderr).toContain('No batch was made.')
    expect(stderr).toContain('`watch` goes on by itself, or `run` again later')
    expect(here.server.batches()).toEqual([])
  })

  test('stopped while the server makes the batch names the submission, and the next run finds it', async () => {
    const stop = new AbortController()
    const asked = { reached: (): void => {} }
    const isAsked = new Promise<void>((resolve) => (asked.reached = resolve))
    const answered = { release: (): void => {} }
    const until = new Promise<void>((resolve) => (answered.release = resolve))
    const here = await scene({
      faults: [
        {
          on: 'batches.create',
          when: () => {
            asked.reached()
            return true
          },
          effect: { type: 'hold', until, stage: 'after' },
        },
      ],
    })
    const stopped = here.command(['submit', here.root, here.requests], { signal: stop.signal })
    await isAsked
    stop.abort()
    const { exitCode, stderr } = await stopped
    answered.release()
    expect(exitCode).toBe(130)
    expect(stderr).toMatch(
      /^1 submission is not confirmed: triple \S+ \(asked for at .*, upload file-\S+\)\.$/m,
    )
    expect(stderr).not.toContain('nothing to do')
    const next = await here.command(['run', here.root, '--json'])
    expect([next.exitCode, outcomes(next)]).toEqual([0, ['pending']])
    expect(next.stderr).not.toContain('not confirmed')
    expect(here.server.batches()).toHaveLength(1)
  })

  test('a lost answer to the creation costs no second batch', async () => {
    const { server, root, requests, command } = await scene({ faults: [faults.createAnswerLost()] })
    const { exitCode, stderr } = await command(['submit', root, requests])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('was found at the server and adopted')
    expect(server.batches()).toHaveLength(1)
  })
})

describe('run', () => {
  test('asks once for a waiting batch, leaves it pending and exits 0', async () => {
    const here = await scene()
    await submitted(here)
    const before = here.server.requests().length
    const result = await here.command(['run', here.root, '--json'])
    expect([result.exitCode, outcomes(result)]).toEqual([0, ['pending']])
    expect(here.server.requests().length - before).toBe(1)
  })

  test('downloads, proves and moves what is ready', async () => {
    const here = await scene()
    const index = await submitted(here)
    here.server.finishBatches()
    const result = await here.command(['run', here.root, '--json'])
    expect([result.exitCode, outcomes(result)]).toEqual([0, ['done']])
    expect(resultsOf(here, index)).toEqual(idsUpTo(5).map((id) => [id, 'success']))
  })

  test('sends an input that was never submitted with --submit only', async () => {
    const { server, command } = await scene()
    const root = await workspaceWith(recipes.neverSubmitted)
    expect(outcomes(await command(['run', root, '--json']))).toEqual(['not-submitted'])
    expect(server.requests()).toEqual([])
    expect(outcomes(await command(['run', root, '--submit', '--json']))).toEqual(['pending'])
    expect(server.batches()).toHaveLength(1)
  })
})

describe('watch', () => {
  test('stays until everything is settled, retries too', async () => {
    const here = await scene({
      advanceMsPerPoll: hourMs,
      defaults: { inProgressMs: hourMs, rows: [{ when: 'row-2', times: 1, answer: 'rate-limited' }] },
    })
    const index = await submitted(here)
    const result = await here.command(['watch', here.root, '--poll-seconds', '1', '--json'])
    expect(result.exitCode).toBe(0)
    expect(outcomes(result)).toEqual(['done', 'done'])
    expect(result.stderr).toContain(`1 failed request of triple ${index} is tried again as triple `)
    expect(result.stderr).toContain('5 requests: 5 ok.\n6 requests were sent for 5; 1 of them again.\n')
    expect(here.server.batches()).toHaveLength(2)
    expect(await workdir(here.root)).toEqual([])
  })

  test('tells of a stuck triple once, while it still waits for another', async () => {
    const here = await scene({ advanceMsPerPoll: hourMs, defaults: { inProgressMs: 5 * hourMs } })
    await submitted(here)
    writeFileSync(join(here.root, 'workdir', 'batch_output_7.jsonl'), '')
    const { exitCode, stderr } = await here.command(['watch', here.root, '--poll-seconds', '1'])
    expect(exitCode).toBe(1)
    const story =
      /^✗ 7 needs-attention: in missing-input for \d+ s\n {2}MissingBatchInput.+\n {2}→ Put batch_input_7.+\n/m
    expect(stderr).toMatch(story)
    expect(stderr.split('✗ 7 needs-attention').length - 1).toBe(1)
  })

  test('Ctrl-C ends it with 130, and the next watch goes on', async () => {
    const here = await scene()
    await submitted(here)
    const before = here.server.requests().length
    const controller = new AbortController()
    const stopped = here.command(['watch', here.root], { signal: controller.signal })
    while (here.server.requests().length === before) await setImmediate()
    controller.abort()
    const { exitCode, stderr } = await stopped
    expect(exitCode).toBe(130)
    expect(stderr).toContain('the next run goes on from here')
    here.server.finishBatches()
    const result = await here.command(['watch', here.root, '--json'])
    expect([result.exitCode, outcomes(result)]).toEqual([0, ['done']])
    expect(here.server.batches()).toHaveLength(1)
  })
})

describe('status', () => {
  test('shows what the server said last, without asking it', async () => {
    const here = await scene()
    await submitted(here)
    await here.command(['run', here.root])
    const before = here.server.requests().length
    const { exitCode, stdout } = await here.command(['status', here.root])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/awaiting-online-files\.waiting +(validating|in_progress) /)
    const json = jsonLines((await here.command(['status', here.root, '--json'])).stdout)
    expect(json).toMatchObject([{ remote_status: expect.stringMatching(/validating|in_progress/) }])
    expect(here.server.requests()).toHaveLength(before)
  })
})

describe('retry', () => {
  test('sends again what failed for good, once, and the results follow', async () => {
    let isCured = false
    const here = await scene({
      answer: ({ custom_id: id }) => (!isCured && id === 'row-3' ? 'forbidden' : undefined),
    })
    const index = await submitted(here)
    here.server.finishBatches()
    await here.command(['run', here.root])
    isCured = true

    const retried = await here.command(['retry', here.root, index, '--json'])
    expect([retried.exitCode, outcomes(retried)]).toEqual([0, ['pending']])
    expect(retried.stderr).toContain(`1 failed request of triple ${index} is tried again as triple `)
    const again = await here.command(['retry', here.root, index])
    expect([again.exitCode, here.server.batches().length]).toEqual([0, 2])
    expect(again.stderr).toMatch(/1 request stands in triple \S+ already; nothing is sent twice\./)

    here.server.finishBatches()
    await here.command(['run', here.root])
    expect(resultsOf(here, index)).toEqual(idsUpTo(5).map((id) => [id, 'success']))
    const refused = await here.command(['retry', here.root, index])
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain('✗ NothingToRetry: ')
  })

  test('without a key the new triple waits, and the words say so', async () => {
    const here = await scene({ answer: () => 'bad-request' })
    const index = await submitted(here)
    here.server.finishBatches()
    await here.command(['run', here.root])
    const result = await here.command(['retry', here.root, index], { env: {} })
    expect(result.exitCode).toBe(0)
    expect(result.stdout).toContain('not sent to a server yet')
    expect(result.stderr).toContain('No key of a server is set, so nothing was sent')
    expect(here.server.batches()).toHaveLength(1)
  })

  test('--all sends cut answers again too', async () => {
    const here = await scene({ answer: (_, { run }) => (run === 1 ? 'truncated' : undefined) })
    const index = await submitted(here)
    here.server.finishBatches()
    await here.command(['run', here.root])
    const refused = await here.command(['retry', here.root, index])
    expect([refused.exitCode, here.server.batches().length]).toEqual([1, 1])
    expect(refused.stderr).toContain('--all')
    expect(outcomes(await here.command(['retry', here.root, index, '--all', '--json']))).toEqual(['pending'])
  })

  test('refuses an index nobody knows', async () => {
    const here = await scene()
    await submitted(here)
    const { exitCode, stderr } = await here.command(['retry', here.root, '77'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('✗ NoBatchFileTripleAtIndex: ')
  })
})

describe('adopt', () => {
  test('gives a triple its lost batch back, and the next run goes on', async () => {
    const here = await scene()
    const index = await submitted(here)
    rmSync(join(here.root, 'workdir', `batch_metadata_${index}.jsonl`))
    const batchId = here.server.batches()[0]?.id ?? ''
    const { exitCode, stdout } = await here.command(['adopt', here.root, index, batchId])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      new RegExp(
        `^Triple ${index} now has batch ${batchId}\\. The server says \\w+; the next run asks for it again\\.$`,
        'm',
      ),
    )
    here.server.finishBatches()
    expect(outcomes(await here.command(['run', here.root, '--json']))).toEqual(['done'])
    expect(here.server.batches()).toHaveLength(1)
  })

  test("takes somebody's word that there is no batch only where a creation is in doubt", async () => {
    const here = await scene()
    const index = await submitted(here)
    const { exitCode, stderr } = await here.command(['adopt', here.root, index, 'none'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('✗ AdoptionRefused: Triple')
    expect(here.server.batches()).toHaveLength(1)
  })

  test('refuses a batch the server does not know', async () => {
    const here = await scene()
    writeFileSync(here.requests, jsonl(requestLine('a')))
    await here.command(['submit', here.root, here.requests])
    const index = indexOf(await here.command(['run', here.root, '--json']))
    rmSync(join(here.root, 'workdir', `batch_metadata_${index}.jsonl`))
    const { exitCode, stdout, stderr } = await here.command(['adopt', here.root, index, 'batch_nobody'])
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toContain('✗ AdoptionRefused: The server does not know batch batch_nobody.')
  })
})

describe('the key', () => {
  test.each(['submit', 'watch', 'adopt'])(
    '%s without one is wrong usage, and nothing is touched',
    async (name) => {
      const { server, root, requests, command } = await scene()
      const more = { submit: [requests], watch: [], adopt: ['1', 'batch_1'] }[name] ?? []
      const { exitCode, stdout, stderr } = await command([name, root, ...more], { env: {} })
      expect([exitCode, stdout]).toEqual([2, ''])
      expect(stderr).toContain('The environment variable OPENAI_API_KEY is not set')
      expect(server.requests()).toEqual([])
      await expect(readdir(root)).rejects.toThrow('ENOENT')
    },
  )

  test('run --submit without one is wrong usage too', async () => {
    const { root, command } = await scene()
    const { exitCode, stderr } = await command(['run', root, '--submit'], { env: {} })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('no key of a server is set')
  })

  test('may stand in another variable, and the server in a flag', async () => {
    const { server, root, requests, command } = await scene({ apiKey: key })
    const { port } = await server.listen()
    const flags = ['--api-key-env', 'GROQ_API_KEY', '--base-url', `http://127.0.0.1:${port}/v1`]
    const result = await command(['submit', root, requests, ...flags], { env: { GROQ_API_KEY: key } })
    expect(result.exitCode).toBe(0)
    expect(server.batches()).toHaveLength(1)
  })

  test('that is wrong is told from the network, and is printed and written nowhere, even when the server repeats it', async () => {
    const body = {
      error: {
        message: `Incorrect API key provided: ${key}.`,
        type: 'invalid_request_error',
        code: 'invalid_api_key',
      },
    }
    const here = await scene({
      faults: [{ on: 'all', times: Infinity, effect: { type: 'answer', status: 401, body } }],
    })
    const { exitCode, stderr } = await here.command(['submit', here.root, here.requests])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('AccessDenied')
    expect(stderr).toContain('Incorrect API key provided')
  })
})

/** A creation without an answer, and a stop as soon as the list is asked for it. */
const leftInDoubt = async (creation: Fault) => {
  const stop = new AbortController()
  let looks = 0
  const list: Fault = {
    on: 'batches.list',
    when: () => {
      looks += 1
      // The first look is that for batches from elsewhere.
      if (looks === 1) return false
      stop.abort()
      return true
    },
    effect: { type: 'silence' },
  }
  const here = await scene({ faults: [creation, list] })
  const { exitCode } = await here.command(['submit', 'batches', here.requests], {
    clock: hurriedClock,
    signal: stop.signal,
  })
  expect(exitCode).toBe(130)
  return here
}

describe('a key of another account', () => {
  test('is named when it does not know the batch, and the right one goes on; no key is in any file', async () => {
    const here = await scene()
    await submitted(here)
    const other = createFakeBatchServer()
    const { baseURL, close } = await other.listen()
    onTestFinished(close)
    const env = { OPENAI_API_KEY: 'sk-of-somebody-else', OPENAI_BASE_URL: baseURL }
    const wrong = await here.command(['run', 'batches', '--json'], { env })
    expect(wrong.exitCode).toBe(1)
    expect(jsonLines(wrong.stdout)).toMatchObject([
      { outcome: 'needs-attention', error: { code: 'AccessDenied' } },
    ])
    const [made] = /127\.0\.0\.1:\d+#[0-9a-f]{8}/.exec(wrong.stderr.split('last seen with')[1] ?? '') ?? []
    expect(Object.values(filesBelow(here.root)).some((text) => text.includes(`"account":"${made}"`))).toBe(
      true,
    )
    here.server.finishBatches()
    expect(outcomes(await here.command(['run', 'batches', '--json']))).toEqual(['done'])
  })

  test('cannot settle a lost answer: nothing is sent, and the key it was sent with finds the batch', async () => {
    const here = await leftInDoubt(faults.createAnswerLost())
    const other = createFakeBatchServer()
    const { baseURL, close } = await other.listen()
    onTestFinished(close)
    const env = { OPENAI_API_KEY: 'sk-of-somebody-else', OPENAI_BASE_URL: baseURL }
    const wrong = await here.command(['run', 'batches', '--submit', '--json'], { env })
    expect(jsonLines(wrong.stdout)).toMatchObject([
      { outcome: 'needs-attention', error: { code: 'SubmissionAmbiguous' } },
    ])
    expect(wrong.stderr).toContain('whose list says nothing of it')
    expect(other.requests('batches.create')).toEqual([])
    expect(outcomes(await here.command(['run', 'batches', '--json']))).toEqual(['pending'])
    expect(here.server.batches()).toHaveLength(1)
  })

  test('that is a new key of the same account asks a person once: adopt none, and one batch is made', async () => {
    const here = await leftInDoubt(faults.connectionReset('batches.create'))
    const env = { OPENAI_API_KEY: 'sk-a-new-key', OPENAI_BASE_URL: here.baseURL }
    const asked = await here.command(['run', 'batches', '--submit', '--json'], { env })
    expect(jsonLines(asked.stdout)).toMatchObject([{ outcome: 'needs-attention' }])
    expect(here.server.batches()).toEqual([])
    const [, told = ''] = /batch-reconciler (adopt \S+ \S+ none)/.exec(asked.stderr) ?? []
    expect((await here.command(told.split(' '), { env })).exitCode).toBe(0)
    expect(outcomes(await here.command(['run', 'batches', '--submit', '--json'], { env }))).toEqual([
      'pending',
    ])
    expect(here.server.batches()).toHaveLength(1)
  })
})
