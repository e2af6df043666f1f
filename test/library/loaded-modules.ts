import { execFile } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))

/** What a process had loaded when it ended. */
export interface LoadedModules {
  /** Names of packages, each once, sorted. */
  readonly packages: readonly string[]
  /** Files of ours, relative to `dist/`. */
  readonly own: readonly string[]
}

/** Runs Node and gives the modules it loaded, as its own debugger knows them. */
export async function modulesLoadedBy(...inputs: readonly string[]): Promise<LoadedModules> {
  const folder = mkdtempSync(join(tmpdir(), 'loaded-modules-'))
  const list = join(folder, 'list.json')
  const prelude = `data:text/javascript,${encodeURIComponent(recorder(list))}`
  try {
    await promisify(execFile)(process.execPath, ['--import', prelude, ...inputs])
    return sorted(JSON.parse(readFileSync(list, 'utf8')) as readonly string[])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const recorder = (list: string): string => `
  import { writeFileSync } from 'node:fs'
  import { Session } from 'node:inspector'
  const urls = new Set()
  const session = new Session()
  session.connect()
  session.on('Debugger.scriptParsed', ({ params }) => urls.add(params.url))
  session.post('Debugger.enable')
  process.on('exit', () => writeFileSync(${JSON.stringify(list)}, JSON.stringify([...urls])))
`

function sorted(urls: readonly string[]): LoadedModules {
  const paths = urls.flatMap((url) => (url.startsWith('file:') ? [fileURLToPath(url)] : [url]))
  const packages = paths.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [])
  return {
    packages: [...new Set(packages)].toSorted(),
    own: paths.filter((path) => path.startsWith(dist)).map((path) => path.slice(dist.length)),
  }
}
