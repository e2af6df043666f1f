import { describe, expect, test } from 'vitest'
import { batchReconciler, recipes, temporaryFolder, workspaceWith } from './command-line.js'

const commands = ['plan', 'run', 'status', 'verify', 'unlock', 'demo']

describe('help', () => {
  test('names every command and the exit codes', async () => {
    const { exitCode, stdout } = await batchReconciler(['--help'])
    expect(exitCode).toBe(0)
    for (const command of commands) expect(stdout).toContain(`  ${command} `)
    expect(stdout).toContain('Exit codes: 0')
  })

  test.each(commands)('of %s explains it with an example', async (command) => {
    const { exitCode, stdout, stderr } = await batchReconciler([command, '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`  $ batch-reconciler ${command}`)
    expect(stdout).toContain('ARGUMENTS')
    expect(stderr).toBe('')
  })

  test('is what the bare program shows', async () => {
    const [bare, asked] = [await batchReconciler([]), await batchReconciler(['--help'])]
    expect(bare).toEqual(asked)
  })

  test('the version is that of the package', async () => {
    expect((await batchReconciler(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })
})

describe('wrong usage ends with exit code 2, a reason and a way on', () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['an unknown command', ['rnu', 'x'], 'did you mean `run`?'],
    ['an unknown flag', ['run', 'x', '--concurency', '2'], 'did you mean --concurrency?'],
    [
      'a flag of another command',
      ['status', 'x', '--concurrency', '2'],
      'No flag registered for --concurrency',
    ],
    ['no workspace', ['run'], 'Expected argument for workspace'],
    ['two workspaces', ['run', 'x', 'y'], 'Too many arguments'],
    ['an empty workspace, as of an unset variable', ['run', ''], 'the path is empty'],
    ['a flag without its value', ['run', 'x', '--concurrency'], 'Expected input for flag --concurrency'],
    ['zero triples at a time', ['run', 'x', '--concurrency', '0'], 'a whole number from 1 to 64'],
    ['half a triple at a time', ['run', 'x', '--concurrency', '1.5'], 'a whole number from 1 to 64'],
    ['no attempts', ['run', 'x', '--max-attempts', '0'], 'a whole number from 1 to 100'],
    ['a limit of no money', ['run', 'x', '--max-cost', '0'], 'no amount of money above 0'],
    ['a limit of no tokens', ['run', 'x', '--max-tokens', '0'], 'a whole number from 1'],
    ['an unknown content type', ['run', 'x', '--content-type', 'xml'], 'json|json-lines|text'],
  ]
  test.each(cases)('%s', async (_, inputs, reason) => {
    const { exitCode, stdout, stderr } = await batchReconciler(inputs, {
      currentDirectory: await temporaryFolder(),
    })
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(reason)
    expect(stderr).toContain('→ batch-reconciler --help')
  })

  test('what was typed cannot move the cursor or colour the screen', async () => {
    const { stderr } = await batchReconciler(['\u001b[2Jrun'])
    expect(stderr).toContain('\\u001b[2Jrun')
    expect(stderr).not.toContain('\u001b')
  })
})

describe('a workspace that is none ends with exit code 2', () => {
  test.each(['plan', 'run', 'status', 'verify', 'unlock'])('for %s', async (command) => {
    const currentDirectory = await temporaryFolder()
    const { exitCode, stdout, stderr } = await batchReconciler([command, './nowhere'], { currentDirectory })
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(`✗ WorkspaceNotFound: ${currentDirectory}/nowhere does not exist.`)
    expect(stderr).toContain('  → ')
  })

  test('relative paths start at the current directory of the context', async () => {
    const currentDirectory = await workspaceWith(recipes.whole)
    expect((await batchReconciler(['status', '.'], { currentDirectory })).exitCode).toBe(0)
  })
})
