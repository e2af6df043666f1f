import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repositoryRoot } from './installed-project.js'

interface LockedPackage {
  readonly integrity?: string
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}

const { packages } = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/** What is installed with this package, by name. */
const runtime = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)

describe('what is installed with this package', () => {
  test('is what package.json names, and what that needs: a new one is seen here', () => {
    expect(runtime.map(([path]) => path.replace('node_modules/', '')).toSorted()).toEqual([
      '@stricli/core',
      'csv-stringify',
      'hyparquet',
      'hyparquet-writer',
      'jsonrepair',
      'undici',
      'xstate',
      'zod',
    ])
  })

  test('runs nothing when it is installed', () => {
    expect(runtime.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([])
    const { scripts = {} } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
      readonly scripts?: Readonly<Record<string, string>>
    }
    const onInstall = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']
    expect(onInstall.filter((name) => name in scripts)).toEqual([])
  })

  test('is pinned by its hash, for those who work on this project', () => {
    expect(runtime.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'))).toEqual([])
  })
})

describe('what is needed for work on this project', () => {
  test('runs on installation only what is known to', () => {
    const running = Object.entries(packages).filter(([, each]) => each.hasInstallScript === true)
    // esbuild checks its binary; msgpackr-extract, of BullMQ, looks for one and does without.
    expect(running.map(([path]) => path)).toEqual(['node_modules/esbuild', 'node_modules/msgpackr-extract'])
  })
})

test('a release says from which commit it was made, and keeps no token', () => {
  const workflow = readFileSync(join(repositoryRoot, '.github/workflows/release.yml'), 'utf8')
  expect(workflow).toContain('npm publish --provenance')
  expect(workflow).toContain('id-token: write')
  expect(workflow).not.toMatch(/NODE_AUTH_TOKEN|NPM_TOKEN/)
})
