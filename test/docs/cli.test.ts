import { mkdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { batchReconciler, jsonSummary, temporaryFolder } from '../cli/command-line.js'
import { namesInTables, readDocument, sectionOf } from './markdown.js'

const document = readDocument('cli.md')
const help = await helpOf([])
const commands = commandsIn(help)
const [aboutTriples = '', aboutTheLast = ''] = sectionOf(document, '`--json`').split(/^### .*$/m)

describe('docs/cli.md', () => {
  test('every command of the program is listed, and no other', () => {
    const [introduction = ''] = document.split(/^## /m)
    const listed = [...introduction.matchAll(/^\| \[`(\w+)`\]\(#(\w+)\) \|/gm)]
    expect(listed.map(([, name]) => name)).toEqual(commands)
    expect(listed.map(([, , anchor]) => anchor)).toEqual(commands)
  })

  test.each(commands)('every flag of %s is explained, and no other', async (command) => {
    const explained = namesInTables(sectionOf(document, `\`${command}\``))
    expect([...explained].toSorted()).toEqual(flagsIn(await helpOf([command])).toSorted())
  })

  test('every exit code is explained, and no other', () => {
    const explained = [...sectionOf(document, 'Exit codes').matchAll(/^\| (\d+) \|/gm)]
    const codes = explained.map(([, code]) => Number(code))
    expect(new Set(codes)).toEqual(new Set(Object.values(exitCodes)))
    expect(codes).toHaveLength(Object.values(exitCodes).length)
  })

  test('the fields of --json are those that are printed', async () => {
    const folder = await temporaryFolder()
    const root = `${folder}/workspace`
    const demo = await batchReconciler(['demo', '--json', root])
    expect(Object.keys(JSON.parse(demo.stdout.split('\n')[0] ?? '')).toSorted()).toEqual(fieldsFor('run'))
    for (const command of ['plan', 'status', 'verify', 'run']) {
      const { stdout } = await batchReconciler([command, '--json', root])
      const fields = new Set(
        stdout
          .trim()
          .split('\n')
          .map((line): object => JSON.parse(line))
          .filter((object) => !('summary' in object))
          .flatMap((object) => Object.keys(object)),
      )
      expect({ command, fields: [...fields].toSorted() }).toEqual({ command, fields: fieldsFor(command) })
    }
  })
})

describe('the object that ends --json', () => {
  const explained = [...aboutTheLast.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)

  test.each(['plan', 'run', 'status', 'verify', 'demo'])(
    'of %s has the fields that are explained',
    async (name) => {
      const root = `${await temporaryFolder()}/workspace`
      mkdirSync(`${root}/workdir`, { recursive: true })
      const result = await batchReconciler([name, '--json', name === 'demo' ? `${root}/demo` : root])
      expect(Object.keys(jsonSummary(result))).toEqual(explained)
      expect(jsonSummary(result)).toMatchObject({ exit_code: result.exitCode, error: null })
    },
  )

  test('of a command that could not begin has them, too', async () => {
    const result = await batchReconciler(['run', '--json', `${await temporaryFolder()}/nowhere`])
    expect(result.exitCode).toBe(2)
    expect(Object.keys(jsonSummary(result))).toEqual(explained)
    expect(jsonSummary(result)).toMatchObject({ exit_code: 2, error: { code: 'WorkspaceNotFound' } })
  })
})

async function helpOf(command: readonly string[]): Promise<string> {
  return (await batchReconciler([...command, '--help'])).stdout
}

/** The list at the end of the program's help: two spaces, a name, what it does. */
function commandsIn(text: string): readonly string[] {
  const list = text.slice(text.indexOf('COMMANDS'))
  return [...list.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name ?? '')
}

/** Flags as the help of a command lists them; `--help` and `--` are everybody's. */
function flagsIn(text: string): readonly string[] {
  const list = text.slice(text.indexOf('\nFLAGS'))
  const flags = [...list.matchAll(/^ .*?(--[a-z][a-z-]*)/gm)].map(([, name]) => name ?? '')
  return flags.filter((name) => name !== '--help')
}

function fieldsFor(command: string): readonly string[] {
  const rows = [...aboutTriples.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)]
  const fields = rows.filter(([, , places = '']) => places === 'all' || places.includes(`\`${command}\``))
  return fields.map(([, name]) => name ?? '').toSorted()
}
