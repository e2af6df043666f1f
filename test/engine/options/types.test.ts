import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { z as z3 } from 'zod/v3'
import type {
  BatchWorkspace,
  ReconcileOptions,
  ReconciledRow,
  RowProcessor,
  SubmitOptions,
  WatchOptions,
} from '../../../src/index.js'
import { inspectLive } from '../../../src/inspect/index.js'
import {
  adoptBatch,
  executeReconciliationOperation,
  findTriple,
  reconcileTriple,
  reconcileUnprocessedBatchTriple,
  reconcileWorkspace,
  retryByHand,
  submitRequests,
  watchWorkspace,
} from '../../../src/index.js'

/** The compiler is the judge here: none of this is run. */
const expectCompiled = (typed: (workspace: BatchWorkspace) => unknown): void =>
  expect(typed).toBeTypeOf('function')

const person = z.object({ name: z.string(), born: z.number().transform(String) })
interface Person {
  name: string
  born: string
}
const keepPerson: RowProcessor<Person> = (row) =>
  void expectTypeOf(row.content).toEqualTypeOf<Person | null>()
const keepPeople: RowProcessor<readonly Person[]> = () => undefined
const keepAnything: RowProcessor = (row) => void expectTypeOf(row.content).toEqualTypeOf<unknown>()

const expectPerson = (row: ReconciledRow<Person>): void => {
  expectTypeOf(row.content).toEqualTypeOf<Person | null>()
  expectTypeOf(row.contents).toEqualTypeOf<readonly (Person | null)[] | null>()
}

describe('the content of a row', () => {
  test('has the type the schema gives, in every callback of every function', () =>
    expectCompiled((workspace) => {
      const options = {
        expectedContentType: 'json',
        schema: person,
        processOutput: (row: ReconciledRow<Person>) => expectPerson(row),
      } as const
      return async () => {
        const triple = await findTriple(workspace, '4')
        await reconcileWorkspace(workspace, {
          schema: person,
          processOutput(row) {
            expectTypeOf(row).toEqualTypeOf<ReconciledRow<Person>>()
            if (row.content?.name === '') return { reject: 'has no name' }
          },
          processErrors: async (row) => expectPerson(row),
          shouldRetry: (row) => row.content === null || row.content.born === '',
        })
        await watchWorkspace(workspace, { ...options, processErrors: (row) => expectPerson(row) })
        await submitRequests(workspace, [], { ...options, processErrors: (row) => expectPerson(row) })
        await retryByHand(workspace, '4', { ...options, processErrors: (row) => expectPerson(row) })
        await reconcileTriple(workspace, triple, { ...options, processErrors: (row) => expectPerson(row) })
        await reconcileUnprocessedBatchTriple(triple, {
          ...options,
          processErrors: (row) => expectPerson(row),
        })
        await executeReconciliationOperation(triple, 'ProcessBatchOutputFile', {
          ...options,
          processErrors: (row) => expectPerson(row),
        })
      }
    }))

  test('has the type of a schema of zod 3, or of anything else with safeParse', () =>
    expectCompiled((workspace) => () => [
      reconcileWorkspace(workspace, {
        schema: z3.object({ name: z3.string(), born: z3.string() }),
        processOutput: (row) => expectPerson(row),
      }),
      reconcileWorkspace(workspace, {
        schema: {
          safeParse: (): { success: true; data: Person } | { success: false; error: string } => ({
            success: false,
            error: '',
          }),
        },
        processOutput: (row) => expectPerson(row),
      }),
    ]))

  test('is unknown without a schema, also when text is expected', () =>
    expectCompiled(
      (workspace) => () =>
        reconcileWorkspace(workspace, {
          expectedContentType: 'text',
          processOutput: (row) => void expectTypeOf(row.content).toEqualTypeOf<unknown>(),
          shouldRetry: (row) => expectTypeOf(row.content).toEqualTypeOf<unknown>(),
        }),
    ))

  test('is a list where each line has its value', () =>
    expectCompiled((workspace) => () => [
      reconcileWorkspace(workspace, {
        expectedContentType: 'json-lines',
        schema: person,
        processOutput: (row) => void expectTypeOf(row.content).toEqualTypeOf<readonly Person[] | null>(),
      }),
      reconcileWorkspace(workspace, {
        expectedContentType: 'json' as 'json' | 'json-lines',
        schema: person,
        processOutput: (row) =>
          void expectTypeOf(row.content).toEqualTypeOf<Person | readonly Person[] | null>(),
      }),
      reconcileWorkspace(workspace, {
        expectedContentType: 'json-lines',
        schema: person,
        processOutput: keepPeople,
      }),
    ]))
})

describe('a processor that is written by itself', () => {
  test('is taken with a schema that gives what it asks for', () =>
    expectCompiled((workspace) => () => [
      reconcileWorkspace(workspace, {
        schema: person,
        processOutput: keepPerson,
        processErrors: keepAnything,
      }),
      watchWorkspace(workspace, { processOutput: keepAnything }),
    ]))

  test('is refused without such a schema', () =>
    expectCompiled((workspace) => () => [
      // @ts-expect-error nothing says that the content is a Person
      reconcileWorkspace(workspace, { processOutput: keepPerson }),
      // @ts-expect-error the schema gives something else
      reconcileWorkspace(workspace, { schema: z.object({ title: z.string() }), processOutput: keepPerson }),
      reconcileWorkspace(workspace, {
        expectedContentType: 'json-lines',
        schema: person,
        // @ts-expect-error the content is a list of them
        processOutput: keepPerson,
      }),
    ]))
})

describe('options that are written by themselves', () => {
  test('carry their type along', () =>
    expectCompiled((workspace) => {
      const options: WatchOptions<Person> = {
        schema: person,
        processOutput: keepPerson,
        shouldRetry: () => true,
      }
      const lines: SubmitOptions<Person, 'json-lines'> = {
        expectedContentType: 'json-lines',
        schema: person,
        processOutput: keepPeople,
      }
      // @ts-expect-error a list of them: SubmitOptions<Person, 'json-lines'>
      const wrong: ReconcileOptions<Person> = { schema: person, expectedContentType: 'json-lines' }
      const plain: ReconcileOptions = { expectedContentType: 'json-lines', processOutput: keepAnything }
      return () => [
        watchWorkspace(workspace, options),
        reconcileWorkspace(workspace, options),
        submitRequests(workspace, [], lines),
        adoptBatch(workspace, '4', 'batch_1', options),
        reconcileWorkspace(workspace, plain),
        wrong,
      ]
    }))

  test('keep it on their way through the inspector', () =>
    expectCompiled((workspace) => async () => {
      const inspector = await inspectLive(workspace)
      const options: WatchOptions<Person> = { schema: person, processOutput: keepPerson }
      await watchWorkspace(workspace, inspector.attach(options))
      await submitRequests(workspace, [], inspector.attach({ ...options, shouldSubmitAgain: true }))
      await watchWorkspace(
        workspace,
        inspector.attach({ schema: person, processOutput: (row) => expectPerson(row), pollDelayMs: 1 }),
      )
      await reconcileWorkspace(workspace, inspector.attach({ processOutput: keepAnything }))
      // @ts-expect-error nothing says that the content is a Person
      await watchWorkspace(workspace, inspector.attach({ processOutput: keepPerson }))
    }))

  test('may say undefined for what is not given', () =>
    expectCompiled(
      (workspace) => () =>
        watchWorkspace(workspace, {
          client: undefined,
          schema: undefined,
          processOutput: undefined,
          limits: { maxRetries: undefined },
          concurrency: undefined,
          commands: undefined,
        }),
    ))
})
