import { describe, expect, test } from 'vitest'
import { isYes } from '../../src/cli/ask.js'
import { batchReconciler, workspaceWith, recipes } from './command-line.js'

const env = { OPENAI_API_KEY: 'test-key' }

describe('cancel', () => {
  test('wants a server', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode, stderr } = await batchReconciler(['cancel', root, '--yes'])
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('OPENAI_API_KEY'),
    })
  })

  test('says so when nothing is under way, and asks nothing', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode, stderr } = await batchReconciler(['cancel', root], { env })
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: 'No batch is under way; nothing was cancelled.\n',
    })
  })

  test('of a triple that is not there fails and names it', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode, stderr } = await batchReconciler(['cancel', root, '99', '--yes'], { env })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('No batch file of index 99')
  })

  test.each([
    ['y', true],
    [' Yes \n', true],
    ['', false],
    ['n', false],
    ['yesterday', false],
  ])('takes "%s" for a yes: %s', (answer, expected) => {
    expect(isYes(answer)).toBe(expected)
  })
})
