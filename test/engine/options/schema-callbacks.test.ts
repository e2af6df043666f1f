import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { reconcileWorkspace, type ReconciledRow } from '../../../src/index.js'
import { withWorkspace } from '../../workspace/support.js'
import { answerLine, jsonl, requestLine } from '../lines.js'
import { rowsOf } from '../workspaces.js'

const files = {
  'workdir/batch_input_4.jsonl': jsonl(requestLine('whole'), requestLine('cut'), requestLine('wrong')),
  'workdir/batch_output_4.jsonl': jsonl(
    answerLine('whole', '{"name":"Ada"}'),
    answerLine('cut', '{"name":"A', { finishReason: 'length' }),
    answerLine('wrong', '{"title":"Ada"}'),
  ),
}
const person = z.object({ name: z.string() })

type Seen = Record<string, readonly [content: unknown, rawText: string | null]>

describe('the content a callback gets', () => {
  test('is what the schema accepted and nothing else; the text of a cut answer is rawText', () =>
    withWorkspace(files, async (workspace) => {
      const seen: Seen = {}
      const asked: Seen = {}
      const note =
        (into: Seen) =>
        ({ customId, content, rawText }: ReconciledRow<{ name: string }>): void => {
          // What the type promises: a text would throw here.
          if (content !== null) content.name.toUpperCase()
          into[customId] = [content, rawText]
        }
      await reconcileWorkspace(workspace, {
        expectedContentType: 'json',
        schema: person,
        processOutput: note(seen),
        processErrors: note(seen),
        shouldRetry(row) {
          note(asked)(row)
          return false
        },
      })
      const cut = [null, '{"name":"A']
      const wrong = [null, '{"title":"Ada"}']
      expect(seen).toEqual({ whole: [{ name: 'Ada' }, null], cut, wrong })
      expect(asked).toEqual({ cut, wrong })
      // What is written for people does not depend on callbacks.
      expect(rowsOf(workspace, 'target/batch_results_4.jsonl')[1]).toMatchObject({
        custom_id: 'cut',
        content: '{"name":"A',
      })
    }))

  test('is the partial text of a cut answer where no schema promises anything', () =>
    withWorkspace(files, async (workspace) => {
      const seen: Record<string, unknown> = {}
      await reconcileWorkspace(workspace, {
        processOutput: ({ customId, content }) => void (seen[customId] = content),
      })
      expect(seen['cut']).toBe('{"name":"A')
    }))
})
