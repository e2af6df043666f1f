import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  nodeFileSystem,
  openWorkspace,
  reconcileWorkspace,
  retryByHand,
  type BatchWorkspace,
  type FileSystem,
  type ProblemCode,
  type TripleReport,
} from '../../src/index.js'
import { largestInMemory } from '../../src/workspace/file-in-memory.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { rejection, withDirectory } from '../workspace/support.js'
import { answeredTriple, answerLine, errorLine, idsUpTo, jsonl, requestLine, responseLine } from './lines.js'
import { impatientClock, namesIn, outcomesOf, reportOf, rowsOf, stands, userFiles } from './workspaces.js'

type Files = Readonly<Record<string, string | Uint8Array>>

interface Seen {
  readonly workspace: BatchWorkspace
  /** Of triple 4, the bad one. */
  readonly report: TripleReport
  readonly warnings: readonly string[]
}

const healthyIndex = '99'

/**
 * Runs over the files, beside a healthy triple that has to come through whatever is wrong with the others, and
 * requires every byte of every batch file to be where a person finds it: in `workdir/` or in `done/`.
 */
async function reconciled(
  files: Files,
  check: (seen: Seen) => void | Promise<void>,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  await withDirectory(async (root) => {
    putBytes(root, { ...answeredTriple(healthyIndex, ['healthy']), ...files })
    await openWorkspace(root, { create: true })
    const workspace = await openWorkspace(root, { fileSystem })
    const before = userFiles(workspace)
    const warnings: string[] = []
    const report = await reconcileWorkspace(workspace, {
      clock: impatientClock,
      onEvent: (event) => {
        if (event.type === 'warning') warnings.push(event.message)
      },
    })
    expect(userFiles(workspace)).toEqual(before)
    expect(reportOf(report, healthyIndex).outcome.type).toBe('done')
    await check({ workspace, report: reportOf(report, '4'), warnings })
  })
}

function putBytes(root: string, files: Files): void {
  mkdirSync(join(root, 'workdir'), { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content)
}

interface Fault {
  readonly outcome: 'failed' | 'needs-attention'
  readonly code: ProblemCode
  /** What the message has to name: file and line, where a line is at fault. */
  readonly says: readonly string[]
}

/** The triple stopped with this problem, says where and what to do, and nothing of it was moved. */
function expectStopped({ report, workspace }: Seen, { outcome, code, says }: Fault): void {
  expect(report.outcome.type).toBe(outcome)
  expect(report.problem?.code).toBe(code)
  for (const words of says) expect(report.problem?.message).toContain(words)
  expect(report.problem?.hint ?? '').not.toBe('')
  expect(report.problem?.message.length).toBeLessThan(1_000)
  expect(namesIn(workspace, 'done').filter((name) => name.includes('_4.'))).toEqual([])
  expect(stands(workspace, 'target/batch_results_4.jsonl')).toBe(false)
}

/** The triple is in `done/` and each of its requests has exactly one row. */
function expectDone({ report, workspace }: Seen, rows: readonly (readonly [string, string])[]): void {
  expect(report.problem).toBeNull()
  expect(report.outcome).toEqual({ type: 'done', retryIndex: null })
  expect(outcomesOf(workspace, '4')).toEqual(rows)
  expect(namesIn(workspace, 'workdir').filter((name) => name.includes('_4.'))).toEqual([])
}

const inputOf = (...ids: readonly string[]): Files => ({
  'workdir/batch_input_4.jsonl': jsonl(...ids.map((id) => requestLine(id))),
})
const output = (content: string | Uint8Array): Files => ({ 'workdir/batch_output_4.jsonl': content })
const error = (content: string | Uint8Array): Files => ({ 'workdir/batch_error_4.jsonl': content })

/** One request and this line for an answer. */
const alone = (line: string): Files => ({ ...inputOf('a'), ...output(jsonl(line)) })

describe('files that hold nothing', () => {
  test('an empty output file leaves every request missing, and says at which input line the first stands', () =>
    reconciled({ ...inputOf('a', 'b'), ...output('') }, (seen) => {
      expectStopped(seen, {
        outcome: 'failed',
        code: 'RequestIdsMismatch',
        says: ['2 of 2 requests have no answer', '"a" at batch_input_4.jsonl:1'],
      })
      expect(seen.report.counts).toMatchObject({ input: 2, output: 0, missing: 2 })
    }))

  test('an empty error file beside a whole output file changes nothing', () =>
    reconciled({ ...inputOf('a'), ...output(jsonl(answerLine('a', 'yes'))), ...error('') }, (seen) => {
      expectDone(seen, [['a', 'success']])
      expect(namesIn(seen.workspace, 'done')).toContain('batch_error_4.jsonl')
    }))

  test('an empty error file alone leaves every request missing', () =>
    reconciled({ ...inputOf('a'), ...error('') }, (seen) =>
      expectStopped(seen, {
        outcome: 'failed',
        code: 'RequestIdsMismatch',
        says: ['1 of 1 request has no answer', 'batch_input_4.jsonl:1'],
      }),
    ))

  test('an empty input file makes every answer one to no request', () =>
    reconciled({ ...inputOf(), ...output(jsonl(answerLine('a', 'yes'))) }, (seen) =>
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'RequestIdsMismatch',
        says: ['1 answer belongs to no request', '"a" at batch_output_4.jsonl:1'],
      }),
    ))

  test('a triple of three empty files is done, has no rows and draws a warning', () =>
    reconciled({ ...inputOf(), ...output(''), ...error('') }, (seen) => {
      expectDone(seen, [])
      expect(seen.warnings).toContain('The input file holds no requests.')
    }))

  test('files of blank lines hold nothing either', () =>
    reconciled({ ...inputOf('a'), ...output('\n\r\n  \n\n') }, (seen) => {
      expect(seen.report.counts).toMatchObject({ output: 0, missing: 1, unreadable: 0 })
      expectStopped(seen, { outcome: 'failed', code: 'RequestIdsMismatch', says: ['batch_input_4.jsonl:1'] })
    }))
})

describe('files that hold something else', () => {
  const page = '<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n'

  test('a page of a proxy instead of the output is quarantined line by line', () =>
    reconciled({ ...inputOf('a'), ...output(page) }, (seen) => {
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'RequestIdsMismatch',
        says: [
          '2 lines are unreadable (batch_output_4.jsonl:1: not valid JSON; it looks like a page of HTML)',
        ],
      })
      const kept = rowsOf(seen.workspace, 'failed-items/batch_unreadable_4.jsonl')
      expect(kept.map(({ line, offset }) => [line, offset])).toEqual([
        [1, 0],
        [2, 16],
      ])
      expect(kept.map((row) => Buffer.from(String(row['content_base64']), 'base64').toString())).toEqual(
        page.trimEnd().split('\n'),
      )
    }))

  test('random bytes instead of the input stop everything', () =>
    reconciled(
      {
        'workdir/batch_input_4.jsonl': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0xff]),
        ...output(jsonl(answerLine('a', 'yes'))),
      },
      (seen) =>
        expectStopped(seen, {
          outcome: 'needs-attention',
          code: 'UnreadableInputLines',
          says: ['batch_input_4.jsonl:1: not valid UTF-8'],
        }),
    ))

  test('conflict markers of a version control system are named for what they are', () => {
    const merged = [
      '<<<<<<< HEAD',
      answerLine('a', 'ours'),
      '=======',
      answerLine('a', 'theirs'),
      '>>>>>>> other',
    ]
    return reconciled({ ...inputOf('a'), ...output(jsonl(...merged)) }, (seen) => {
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'ConflictingAnswers',
        says: ['"a" at batch_output_4.jsonl:4'],
      })
      expect(seen.report.counts).toMatchObject({ unreadable: 3, conflicting: 1 })
    })
  })

  test('conflict markers in the input are at fault before anything else', () =>
    reconciled(
      {
        'workdir/batch_input_4.jsonl': jsonl(requestLine('a'), '<<<<<<< HEAD'),
        ...output(jsonl(answerLine('a', 'yes'))),
      },
      (seen) =>
        expectStopped(seen, {
          outcome: 'needs-attention',
          code: 'UnreadableInputLines',
          says: ['batch_input_4.jsonl:2: a version-control conflict marker, not JSON'],
        }),
    ))

  test('the output of another batch is recognised', () => {
    const ids = idsUpTo(30)
    const foreign = idsUpTo(30, 'other-').map((id) => answerLine(id, 'yes'))
    return reconciled({ ...inputOf(...ids), ...output(jsonl(...foreign)) }, (seen) => {
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'RequestIdsMismatch',
        says: [
          '30 of 30 requests have no answer',
          '"other-1" at batch_output_4.jsonl:1',
          'belong to another batch',
        ],
      })
      expect(seen.report.counts).toMatchObject({ missing: 30, unknown: 30, matched: 0 })
    })
  })
})

describe('lines that are cut or re-saved', () => {
  test('half a line at the end costs that line only, and names it', () => {
    const whole = jsonl(answerLine('a', 'yes'))
    return reconciled(
      { ...inputOf('a', 'b'), ...output(whole + answerLine('b', 'no').slice(0, 80)) },
      (seen) => {
        expectStopped(seen, {
          outcome: 'failed',
          code: 'RequestIdsMismatch',
          says: ['"b" at batch_input_4.jsonl:2', 'batch_output_4.jsonl:2: the line ends in the middle'],
        })
        expect(seen.report.counts).toMatchObject({ matched: 1, missing: 1, unreadable: 1 })
      },
    )
  })

  test('half a line at the end of the input stops everything', () =>
    reconciled(
      {
        'workdir/batch_input_4.jsonl': requestLine('a') + '\n' + requestLine('b').slice(0, 40),
        ...output(jsonl(answerLine('a', 'yes'))),
      },
      (seen) =>
        expectStopped(seen, {
          outcome: 'needs-attention',
          code: 'UnreadableInputLines',
          says: ['batch_input_4.jsonl:2: the line ends in the middle'],
        }),
    ))

  test('a last line without a line feed is a whole line', () =>
    reconciled({ ...inputOf('a'), ...output(answerLine('a', 'yes')) }, (seen) =>
      expectDone(seen, [['a', 'success']]),
    ))

  test('a byte order mark is passed over', () =>
    reconciled(
      {
        'workdir/batch_input_4.jsonl': `\uFEFF${jsonl(requestLine('a'))}`,
        ...output(`\uFEFF${jsonl(answerLine('a', 'yes'))}`),
      },
      (seen) => expectDone(seen, [['a', 'success']]),
    ))

  test('CRLF line endings are accepted', () =>
    reconciled(
      {
        'workdir/batch_input_4.jsonl': `${requestLine('a')}\r\n${requestLine('b')}\r\n`,
        ...output(`${answerLine('a', 'yes')}\r\n${answerLine('b', 'no')}`),
      },
      (seen) =>
        expectDone(seen, [
          ['a', 'success'],
          ['b', 'success'],
        ]),
    ))

  test('a lone CR and U+2028 inside a line do not end it', () => {
    const line = answerLine('a', 'one\u2028two\u2029three').replace(',"custom_id"', ',\r"custom_id"')
    expect(line).toContain('\r')
    return reconciled({ ...inputOf('a'), ...output(`${line}\n`) }, (seen) => {
      expectDone(seen, [['a', 'success']])
      expect(rowsOf(seen.workspace, 'target/batch_results_4.jsonl')[0]?.['content']).toBe(
        'one\u2028two\u2029three',
      )
    })
  })

  test('NUL bytes are told from other garbage: a write was lost', () =>
    reconciled({ ...inputOf('a'), ...output(`${'\0'.repeat(64)}\n`) }, (seen) =>
      expectStopped(seen, {
        outcome: 'failed',
        code: 'RequestIdsMismatch',
        says: ['batch_output_4.jsonl:1: contains NUL bytes'],
      }),
    ))

  test('bytes that are no UTF-8 are never read as something else', () => {
    const line = Buffer.from(answerLine('a', 'caf\u00e9'), 'latin1')
    return reconciled({ ...inputOf('a'), ...output(Buffer.concat([line, Buffer.from('\n')])) }, (seen) => {
      expectStopped(seen, {
        outcome: 'failed',
        code: 'RequestIdsMismatch',
        says: ['batch_output_4.jsonl:1: not valid UTF-8'],
      })
      const [kept] = rowsOf(seen.workspace, 'failed-items/batch_unreadable_4.jsonl')
      expect(Buffer.from(String(kept?.['content_base64']), 'base64')).toEqual(line)
    })
  })

  test('a line of 50 MB is an answer like any other', () => {
    const text = 'x'.repeat(50_000_000)
    return reconciled({ ...inputOf('a'), ...output(jsonl(answerLine('a', text))) }, (seen) => {
      expectDone(seen, [['a', 'success']])
      const [row] = rowsOf(seen.workspace, 'target/batch_results_4.jsonl')
      expect(row?.['content'] === text).toBe(true)
    })
  })

  test('a line of 50 MB that is no JSON is kept by its beginning and its place', () =>
    reconciled({ ...inputOf('a'), ...output(Buffer.alloc(50_000_000, 'x')) }, (seen) => {
      expectStopped(seen, {
        outcome: 'failed',
        code: 'RequestIdsMismatch',
        says: ['batch_output_4.jsonl:1: not valid JSON'],
      })
      const [kept] = rowsOf(seen.workspace, 'failed-items/batch_unreadable_4.jsonl')
      expect(kept).toMatchObject({ line: 1, offset: 0, bytes: 50_000_000, is_truncated: true })
    }))
})

describe('ids', () => {
  test('an answer that stands twice, the same, counts once and draws a warning', () => {
    const twice = jsonl(answerLine('a', 'yes'), answerLine('a', 'yes'))
    return reconciled({ ...inputOf('a'), ...output(twice) }, (seen) => {
      expectDone(seen, [['a', 'success']])
      expect(seen.warnings.join()).toContain('"a" at batch_output_4.jsonl:2')
    })
  })

  test('two different answers to one request are a conflict for a person', () => {
    const both = jsonl(answerLine('a', 'yes'), answerLine('a', 'no'))
    return reconciled({ ...inputOf('a'), ...output(both) }, (seen) =>
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'ConflictingAnswers',
        says: ['"a" at batch_output_4.jsonl:2'],
      }),
    )
  })

  test('a request that stands twice, byte for byte, counts once', () =>
    reconciled({ ...inputOf('a', 'a'), ...output(jsonl(answerLine('a', 'yes'))) }, (seen) => {
      expectDone(seen, [['a', 'success']])
      expect(seen.warnings.join()).toContain('"a" at batch_input_4.jsonl:2')
    }))

  test('two different requests with one id cannot be told apart', () =>
    reconciled(
      {
        'workdir/batch_input_4.jsonl': jsonl(requestLine('a', 'one'), requestLine('a', 'two')),
        ...output(jsonl(answerLine('a', 'yes'))),
      },
      (seen) =>
        expectStopped(seen, {
          outcome: 'needs-attention',
          code: 'DuplicateRequestIds',
          says: ['"a" at batch_input_4.jsonl:2'],
        }),
    ))

  test('of an id in both files the success counts, and the fact is reported', () =>
    reconciled(
      { ...inputOf('a'), ...output(jsonl(answerLine('a', 'yes'))), ...error(jsonl(errorLine('a'))) },
      (seen) => {
        expectDone(seen, [['a', 'success']])
        expect(seen.report.counts).toMatchObject({ inBoth: 1, matched: 1 })
        expect(seen.warnings.join()).toContain('"a" at batch_error_4.jsonl:1')
      },
    ))

  test.each([
    ['a number', 7, 'custom_id is a number; expected a string'],
    ['null', null, 'custom_id is null; expected a string'],
    ['an object', { id: 'a' }, 'custom_id is an object; expected a string'],
    ['empty', '', 'custom_id is empty'],
  ])('an id that is %s in the input is never read as a string', (_, id, reason) =>
    reconciled(
      {
        'workdir/batch_input_4.jsonl': jsonl(
          requestLine('a'),
          JSON.stringify({ custom_id: id, method: 'POST' }),
        ),
        ...output(jsonl(answerLine('a', 'yes'), answerLine('7', 'yes'))),
      },
      (seen) =>
        expectStopped(seen, {
          outcome: 'needs-attention',
          code: 'UnreadableInputLines',
          says: [`batch_input_4.jsonl:2: ${reason}`],
        }),
    ),
  )

  test('an answer with a numeric id answers nothing', () => {
    const line = answerLine('7', 'yes').replace('"custom_id":"7"', '"custom_id":7')
    return reconciled({ ...inputOf('7'), ...output(jsonl(line)) }, (seen) =>
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'RequestIdsMismatch',
        says: ['batch_output_4.jsonl:1: custom_id is a number; expected a string'],
      }),
    )
  })

  test('a custom_id inside of a message is not the id of the line', () =>
    reconciled(
      {
        'workdir/batch_input_4.jsonl': jsonl(requestLine('a', '{"custom_id":"b"}')),
        ...output(jsonl(answerLine('a', '{"custom_id":"c","custom_id":"b"}'))),
      },
      (seen) => expectDone(seen, [['a', 'success']]),
    ))

  test('a nested custom_id does not stand in for one that is missing', () => {
    const nested = '{"id":"x","response":{"status_code":200,"body":{"custom_id":"a"}},"error":null}'
    return reconciled({ ...inputOf('a'), ...output(jsonl(nested)) }, (seen) =>
      expectStopped(seen, {
        outcome: 'failed',
        code: 'RequestIdsMismatch',
        says: ['batch_output_4.jsonl:1: has no custom_id'],
      }),
    )
  })

  test('escapes in the key and in the value are the same id', () => {
    const escaped = requestLine('a').replace('"custom_id":"a"', '"custom\\u005fid":"\\u0061"')
    expect(escaped).toContain('custom\\u005fid')
    return reconciled(
      { 'workdir/batch_input_4.jsonl': jsonl(escaped), ...output(jsonl(answerLine('a', 'yes'))) },
      (seen) => expectDone(seen, [['a', 'success']]),
    )
  })
})

describe('answers that are none', () => {
  const oddRow = '{"id":"x","custom_id":"a","response":null,"error":null}'

  test('a row with neither response nor error is kept for a person', () =>
    reconciled({ ...inputOf('a', 'b'), ...output(jsonl(oddRow, answerLine('b', 'yes'))) }, (seen) => {
      expectDone(seen, [
        ['a', 'unrecognised'],
        ['b', 'success'],
      ])
      const [item] = rowsOf(seen.workspace, 'failed-items/batch_failed_4.jsonl')
      expect(item).toMatchObject({ custom_id: 'a', error: { code: 'unrecognised_row' }, source: { line: 1 } })
    }))

  test('such a row is sent again only when it is named', () =>
    reconciled({ ...inputOf('a', 'b'), ...output(jsonl(oddRow, answerLine('b', 'yes'))) }, async (seen) => {
      for (const options of [{}, { shouldRetryAnswers: true }]) {
        await expect(retryByHand(seen.workspace, '4', options)).rejects.toMatchObject({
          code: 'NothingToRetry',
          hint: expect.stringContaining('--unrecognised'),
        })
      }
      const { retried } = await retryByHand(seen.workspace, '4', { shouldRetryUnrecognised: true })
      expect(retried).toMatchObject([{ requests: 1, isKnown: false }])
    }))

  test('where no answer is understood the triple stops before the move', () =>
    reconciled(alone(oddRow), (seen) =>
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'UnrecognisedAnswers',
        says: ['1 of 1 answer in batch_output_4.jsonl is not understood', '"a" at batch_output_4.jsonl:1'],
      }),
    ))

  test('an answer without choices is no success', () =>
    reconciled(alone(answerLine('a', null, { choices: [] })), (seen) =>
      expectDone(seen, [['a', 'semantic']]),
    ))

  test('a refusal is no success', () =>
    reconciled(alone(answerLine('a', null, { refusal: 'I cannot.' })), (seen) => {
      expectDone(seen, [['a', 'semantic']])
      const [row] = rowsOf(seen.workspace, 'target/batch_results_4.jsonl')
      expect(row?.['error']).toEqual({ code: 'refusal', message: 'I cannot.' })
    }))

  test('an answer that was cut off is no success, and keeps its text', () =>
    reconciled(alone(answerLine('a', '{"half": ', { finishReason: 'length' })), (seen) => {
      expectDone(seen, [['a', 'semantic']])
      const [row] = rowsOf(seen.workspace, 'target/batch_results_4.jsonl')
      expect(row).toMatchObject({ content: '{"half": ', finish_reason: 'length' })
    }))

  test('a body that is no object is kept for a person', () =>
    reconciled(
      { ...inputOf('a', 'b'), ...output(jsonl(responseLine('a', 200, [1, 2]), answerLine('b', 'yes'))) },
      (seen) =>
        expectDone(seen, [
          ['a', 'unrecognised'],
          ['b', 'success'],
        ]),
    ))

  test('a row that nests a hundred thousand levels deep stops neither its triple nor the others', () => {
    const deep = responseLine('a', 200, {}).replace(
      '{}',
      `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    )
    return reconciled({ ...inputOf('a', 'b'), ...output(jsonl(deep, answerLine('b', 'yes'))) }, (seen) => {
      expectDone(seen, [
        ['a', 'unrecognised'],
        ['b', 'success'],
      ])
      const [item] = rowsOf(seen.workspace, 'failed-items/batch_failed_4.jsonl')
      expect(item).toMatchObject({ custom_id: 'a', error: { code: 'nested_too_deep' } })
    })
  })
})

describe('names and kinds of files', () => {
  const uuid = '4abcdef0-1234-4abc-8def-0123456789ab'

  test('a number and a UUID that begins with its digits are two triples', () =>
    reconciled(
      {
        ...answeredTriple('4', ['a']),
        [`workdir/batch_input_${uuid}.jsonl`]: jsonl(requestLine('b')),
        [`workdir/batch_output_${uuid}.jsonl`]: jsonl(answerLine('b', 'yes')),
      },
      (seen) => {
        expectDone(seen, [['a', 'success']])
        expect(outcomesOf(seen.workspace, uuid)).toEqual([['b', 'success']])
      },
    ))

  test('an output under a name that only begins like the index is never adopted', () =>
    reconciled(
      { ...inputOf('a'), 'workdir/batch_output_4.bak.jsonl': jsonl(answerLine('a', 'yes')) },
      ({ report, warnings, workspace }) => {
        expect(report.outcome.type).toBe('not-submitted')
        expect(warnings.join()).toContain('workdir/batch_output_4.bak.jsonl is not used')
        expect(stands(workspace, 'workdir/batch_output_4.bak.jsonl')).toBe(true)
      },
    ))

  test('answers without their input wait for it', () =>
    reconciled(output(jsonl(answerLine('a', 'yes'))), (seen) => {
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'MissingBatchInputFileButOthersExist',
        says: ['workdir/batch_output_4.jsonl'],
      })
      expect(seen.report.state).toBe('missing-input')
    }))

  test.each([
    ['cut in the middle', '{"batch_id":"batch_1","inp'],
    ['empty', ''],
    ['a list', '[]'],
    ['of another kind', '{"batch_id":7}'],
  ])('metadata that is %s stops its triple: acting without it could pay twice', (_, text) =>
    reconciled({ ...answeredTriple('4', ['a']), 'workdir/batch_metadata_4.jsonl': text }, (seen) => {
      expectStopped(seen, {
        outcome: 'needs-attention',
        code: 'BatchMetadataUnreadable',
        says: ['workdir/batch_metadata_4.jsonl'],
      })
    }),
  )

  test('metadata as the seed writes it is understood, and keeps its fields', () => {
    const seeds =
      '{"batch_id":"batch_1","input_file_id":"file-1","output_file_id":"file-2","error_file_id":null}'
    return reconciled({ ...answeredTriple('4', ['a']), 'workdir/batch_metadata_4.jsonl': seeds }, (seen) => {
      expectDone(seen, [['a', 'success']])
      expect(rowsOf(seen.workspace, 'done/batch_metadata_4.jsonl')[0]).toMatchObject(JSON.parse(seeds))
    })
  })

  test.each(['input', 'output', 'error', 'metadata'])('a directory under the name of the %s file', (kind) =>
    withDirectory(async (root) => {
      const files = Object.entries({ ...answeredTriple('4', ['a']), ...answeredTriple(healthyIndex, ['b']) })
      putBytes(root, Object.fromEntries(files.filter(([name]) => !name.includes(`_${kind}_4`))))
      mkdirSync(join(root, `workdir/batch_${kind}_4.jsonl`))
      const workspace = await openWorkspace(root, { create: true })
      const report = await reconcileWorkspace(workspace)
      expectStopped(
        { workspace, report: reportOf(report, '4'), warnings: [] },
        {
          outcome: 'needs-attention',
          code: 'NotARegularFile',
          says: [`workdir/batch_${kind}_4.jsonl is a directory`],
        },
      )
      expect(report.warnings.join()).toContain(`batch_${kind}_4.jsonl is a directory`)
      expect(reportOf(report, healthyIndex).outcome.type).toBe('done')
    }),
  )

  test('a workspace that does not exist is said so, and is not made', () =>
    withDirectory(async (root) => {
      const path = join(root, 'nowhere')
      const problem = await rejection(openWorkspace(path))
      expect(problem).toMatchObject({ code: 'WorkspaceNotFound', message: `${path} does not exist.` })
      expect(problem.hint).not.toBe('')
      expect(existsSync(path)).toBe(false)
    }))

  test('a folder that is no workspace is said so, and stays as it is', () =>
    withDirectory(async (root) => {
      writeFileSync(join(root, 'batch_input_4.jsonl'), jsonl(requestLine('a')))
      const problem = await rejection(openWorkspace(root, { create: true }))
      expect(problem.code).toBe('WorkspaceNotFound')
      expect(problem.message).toContain('batch_input_4.jsonl')
      expect(existsSync(join(root, 'workdir'))).toBe(false)
    }))
})

describe('a disk that refuses', () => {
  const triple = answeredTriple('4', ['a', 'b'])
  /** Rows that are too many to stay in memory. */
  const long = {
    ...triple,
    'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'a'.repeat(largestInMemory)), answerLine('b', 'b')),
  }

  test.each(['input', 'output'])('no permission to read the %s file', (kind) =>
    reconciled(
      triple,
      (seen) =>
        expectStopped(seen, {
          outcome: 'failed',
          code: 'PermissionDenied',
          says: [`batch_${kind}_4.jsonl`, 'EACCES'],
        }),
      faultFileSystem(nodeFileSystem, [
        { operation: 'open', path: `workdir/batch_${kind}_4.jsonl`, error: 'EACCES' },
      ]),
    ),
  )

  test.each([
    ['the proof', 'write', '.batch_accounting_4.json', triple],
    ['the rows', 'write', 'batch_rows_4.part.jsonl', long],
    ['the results', 'write', '.batch_results_4.jsonl', triple],
    ['the results, at the last moment', 'sync', '.batch_results_4.jsonl', triple],
  ] as const)('a full disk while %s are written, then room again', async (_, operation, path, files) => {
    const full = faultFileSystem(nodeFileSystem, [{ operation, path, error: 'ENOSPC', partialBytes: 10 }])
    await reconciled(
      files,
      async (seen) => {
        expect(full.strikes()).toBeGreaterThan(0)
        expectStopped(seen, { outcome: 'failed', code: 'DiskFull', says: ['ENOSPC'] })
        const again = await openWorkspace(seen.workspace.root)
        const report = reportOf(await reconcileWorkspace(again), '4')
        expectDone({ ...seen, workspace: again, report }, [
          ['a', 'success'],
          ['b', 'success'],
        ])
      },
      full,
    )
  })

  test('a directory that may not be listed ends the run with its name', () =>
    withDirectory(async (root) => {
      putBytes(root, triple)
      const fileSystem = faultFileSystem(nodeFileSystem, [
        { operation: 'list', path: 'workdir', error: 'EACCES' },
      ])
      const workspace = await openWorkspace(root, { fileSystem })
      const problem = await rejection(reconcileWorkspace(workspace))
      expect(problem.code).toBe('PermissionDenied')
      expect(problem.message).toContain(workspace.layout.workdir)
      expect(stands(workspace, '.batch-reconciler.lock')).toBe(false)
    }))

  test.skipIf(!canMountSmallDisk())(
    'a small disk that is really full (skipped where mount is not allowed)',
    () =>
      withSmallDisk(async (root) => {
        const ids = idsUpTo(500)
        putBytes(root, answeredTriple('4', ids))
        const workspace = await openWorkspace(root, { create: true })
        const before = userFiles(workspace)
        const filler = join(root, 'filler')
        fillDisk(filler)
        const report = reportOf(await reconcileWorkspace(workspace), '4')
        expectStopped(
          { workspace, report, warnings: [] },
          { outcome: 'failed', code: 'DiskFull', says: ['ENOSPC'] },
        )
        rmSync(filler)
        const again = reportOf(await reconcileWorkspace(workspace), '4')
        expect(again.outcome.type).toBe('done')
        expect(outcomesOf(workspace, '4')).toEqual(ids.map((id) => [id, 'success']))
        expect(userFiles(workspace)).toEqual(before)
      }),
  )
})

const smallDiskMegabytes = 2

function canMountSmallDisk(): boolean {
  if (process.platform !== 'linux') return false
  const directory = mkdtempSync(join(tmpdir(), 'mount-probe-'))
  try {
    mount(directory)
    execFileSync('umount', [directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function mount(directory: string): void {
  const options = ['-t', 'tmpfs', '-o', `size=${smallDiskMegabytes}m`, 'tmpfs', directory]
  execFileSync('mount', options, { stdio: 'ignore' })
}

async function withSmallDisk(use: (root: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'small-disk-'))
  mount(directory)
  try {
    await use(directory)
  } finally {
    execFileSync('umount', [directory])
    rmSync(directory, { recursive: true })
  }
}

/** Leaves room for the lock and for no result. */
function fillDisk(path: string): void {
  for (let bytes = smallDiskMegabytes * 1024 * 1024; bytes >= 8 * 1024; bytes = Math.floor(bytes / 2)) {
    try {
      writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      // No room for that much: what fitted stays, and half as much is tried.
    }
  }
  execFileSync('truncate', ['--size=-8192', path])
}
