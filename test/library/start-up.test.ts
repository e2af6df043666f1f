import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as machines from '../../machines/index.js'
import * as library from '../../src/index.js'
import * as inspect from '../../src/inspect/index.js'
import * as testing from '../../src/testing/index.js'
import { recipes, temporaryFolder, workspaceWith } from '../cli/command-line.js'
import { modulesLoadedBy } from './loaded-modules.js'

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const importing = (door: string): string[] => ['--input-type=module', '-e', `await import('${door}')`]

/** Each file costs half a millisecond, a package up to forty: this is what a start is made of, and no clock is needed. */
describe('a start loads', () => {
  test('the framework of the command line alone, to show help', async () => {
    const { packages, own } = await modulesLoadedBy(program, '--help')
    expect(packages).toEqual(['@stricli/core'])
    expect(own).toContain('src/cli/main.js')
    expect(own.length).toBeLessThanOrEqual(6)
  })

  test('no other package to tell the status of an empty workspace', async () => {
    const root = await temporaryFolder()
    mkdirSync(join(root, 'workdir'))
    const { packages, own } = await modulesLoadedBy(program, 'status', root)
    expect(packages).toEqual(['@stricli/core'])
    expect(own).not.toContain('chunks/library.js')
    expect(own.length).toBeLessThanOrEqual(14)
  })

  test('no package at all to import the library', async () => {
    const { packages, own } = await modulesLoadedBy(...importing('batch-reconciler'))
    expect(packages).toEqual([])
    expect(own).toContain('src/index.js')
    expect(own.length).toBeLessThanOrEqual(5)
  })

  test('XState alone to import the machines', async () => {
    expect((await modulesLoadedBy(...importing('batch-reconciler/machines'))).packages).toEqual(['xstate'])
  })

  test('no other package to plan, and none to verify', async () => {
    const root = await workspaceWith(recipes.whole)
    for (const command of ['plan', 'verify']) {
      expect((await modulesLoadedBy(program, command, root)).packages).toEqual(['@stricli/core'])
    }
  })

  test('the tokenizer to estimate, and only then', async () => {
    const root = await workspaceWith(recipes.neverSubmitted)
    const { packages } = await modulesLoadedBy(program, 'plan', root, '--estimate')
    expect(packages).toEqual(['@stricli/core', 'gpt-tokenizer'])
  })

  test('what the work needs, once there is some', async () => {
    const { packages } = await modulesLoadedBy(program, 'run', await workspaceWith(recipes.whole))
    expect(packages).toEqual(['@stricli/core', 'xstate'])
  })

  test('of zod what checks options and files, which comes along with its licence', async () => {
    const { own } = await modulesLoadedBy(program, 'run', await workspaceWith(recipes.whole))
    expect(own).toContain('chunks/schemas.js')
    const schemas = await readFile(new URL('../../dist/chunks/schemas.js', import.meta.url), 'utf8')
    expect(schemas).toContain('Permission is hereby granted, free of charge')
    // All of zod is more than 600 KB.
    expect(schemas.length).toBeLessThan(250_000)
  })
})

describe('the files that are built', () => {
  test.each([
    ['batch-reconciler', library],
    ['batch-reconciler/machines', machines],
    ['batch-reconciler/inspect', inspect],
    ['batch-reconciler/testing', testing],
  ])('give through %s what the source gives, and nothing else', async (door, source) => {
    const built = (await import(door)) as object
    expect(Object.keys(built).toSorted()).toEqual(Object.keys(source).toSorted())
  })
})
