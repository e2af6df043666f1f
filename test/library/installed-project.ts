import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url))

export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A project of its own, far from this repository, that has installed the packed package. */
export interface InstalledProject {
  readonly root: string
  /** Writes a file of the project. */
  readonly put: (path: string, content: string) => void
  readonly node: (...inputs: readonly string[]) => Promise<Outcome>
  readonly remove: () => void
}

/**
 * Packs what was built and installs it as a user does; `null` where the registry cannot be reached and its cache does
 * not hold what is needed.
 */
export async function installedProject(): Promise<InstalledProject | null> {
  const root = mkdtempSync(join(tmpdir(), 'installed-project-'))
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  const remove = (): void => rmSync(root, { recursive: true, force: true })
  put('package.json', JSON.stringify({ name: 'app', private: true, type: 'module' }))
  await succeed('npm', ['pack', '--pack-destination', root], repositoryRoot)
  const tarball = readdirSync(root).find((name) => name.endsWith('.tgz')) ?? ''
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`]
  const installed = await run('npm', [...install, 'openai@^6.49', '@types/node@20'], root)
  if (installed.exitCode !== 0) {
    remove()
    if (/E(NOTFOUND|AI_AGAIN|CONNREFUSED|NOTCACHED|TIMEDOUT|NETUNREACH)/.test(installed.stderr)) return null
    throw new Error(`npm install failed: ${installed.stderr}`)
  }
  return { root, put, node: (...inputs) => run(process.execPath, inputs, root), remove }
}

/** Runs a program to its end; with the environment of this process unless another is given. */
export function run(
  command: string,
  inputs: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> | NodeJS.ProcessEnv = process.env,
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, inputs, { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ exitCode, stdout, stderr })
    })
  })
}

async function succeed(command: string, inputs: readonly string[], cwd: string): Promise<void> {
  const { exitCode, stderr } = await run(command, inputs, cwd)
  if (exitCode !== 0) throw new Error(`${command} ${inputs.join(' ')} failed: ${stderr}`)
}

/** A program that this repository has installed. */
export const programOf = (name: string): string => join(repositoryRoot, 'node_modules/.bin', name)
