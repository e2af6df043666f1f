import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from './markdown.js'

const execute = promisify(execFile)

/** One program of a document, and what it says it prints. */
export interface Example {
  /** The heading it stands under. */
  readonly title: string
  readonly code: string
  readonly prints: string
}

/** Each `ts` block with the `text` block behind it. */
export function examplesOf(document: string): readonly Example[] {
  const found = document.matchAll(/^(?:## (.+)|```ts\n([^]*?)^```\n\n```text\n([^]*?)^```)$/gm)
  const examples: Example[] = []
  let title = ''
  for (const [, heading, code, prints] of found) {
    if (heading !== undefined) title = heading
    if (code !== undefined && prints !== undefined) examples.push({ title, code, prints })
  }
  return examples
}

/** The files a document shows: a path in backticks on a line of its own, then the content. */
export function filesIn(document: string): Readonly<Record<string, string>> {
  const found = document.matchAll(/^`([^`\n]+)`\n\n```jsonl\n([^]*?)^```$/gm)
  return Object.fromEntries([...found].map(([, path, content]) => [path, content]))
}

/** A folder in which examples are compiled and run as in a project that has installed this package. */
export interface ExampleProject {
  /** Compiles all examples at once; gives what the compiler has to say about them. */
  readonly compile: (examples: readonly Example[]) => Promise<string>
  /** Runs one in a fresh folder with `files`; gives what it printed. */
  readonly run: (position: number, files: Readonly<Record<string, string>>) => Promise<string>
  readonly remove: () => void
}

export async function exampleProject(): Promise<ExampleProject> {
  const root = mkdtempSync(join(tmpdir(), 'documented-examples-'))
  await installPackage(root)
  return {
    compile: (examples) => compile(root, examples),
    run: (position, files) => runExample(root, position, files),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** Built anew: what `npm run build` left in `dist/` may be older than the source. */
async function installPackage(root: string): Promise<void> {
  const home = join(root, 'node_modules', 'batch-reconciler')
  mkdirSync(home, { recursive: true })
  cpSync(join(repositoryRoot, 'package.json'), join(home, 'package.json'))
  for (const name of ['xstate', 'zod', 'openai', 'jsonrepair', '@types']) {
    symlinkSync(join(repositoryRoot, 'node_modules', name), join(root, 'node_modules', name))
  }
  // Faults in the source are for the compiler's own run to tell; the output is complete all the same.
  await runCompiler(repositoryRoot, ['-p', 'src', '--outDir', join(home, 'dist'), '--sourceMap', 'false'])
}

async function compile(root: string, examples: readonly Example[]): Promise<string> {
  const settings = {
    extends: join(repositoryRoot, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      outDir: 'built',
      rootDir: '.',
      noPropertyAccessFromIndexSignature: false,
    },
    include: ['*.ts'],
  }
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(settings))
  for (const [position, { code }] of examples.entries())
    writeFileSync(join(root, nameOf(position, 'ts')), code)
  return runCompiler(root, ['-p', '.'])
}

async function runExample(
  root: string,
  position: number,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = mkdtempSync(join(root, 'run-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const program = join(root, 'built', nameOf(position, 'js'))
  const { stdout } = await execute(process.execPath, [program], { cwd: folder, timeout: 30_000 })
  return stdout
}

function nameOf(position: number, extension: 'ts' | 'js'): string {
  return `example-${position + 1}.${extension}`
}

/** Gives what it printed, which is nothing when all is well. */
async function runCompiler(cwd: string, options: readonly string[]): Promise<string> {
  const program = join(repositoryRoot, 'node_modules', 'typescript', 'bin', 'tsc')
  try {
    return (await execute(process.execPath, [program, ...options], { cwd })).stdout
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
  }
}
