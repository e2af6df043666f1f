import { basename } from 'node:path'
import { verifyWorkspace } from '../../src/index.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'
import { randomFrom } from '../random-from.js'
import { asError, beginningOf, live, textOf, type Life } from './lives.js'
import { home, root } from './places.js'
import { hashOf } from './random.js'
import { withRuntime } from './runtime.js'
import { NotSettled, type Scenario } from './scenarios.js'
import type { SimulatedDisk } from './simulated-disk.js'
import { Trace, type Operation } from './world.js'

/**
 * A story in which another process removes, cuts, lengthens and replaces batch files in `workdir/` while the engine is at work.
 * How it should end nobody can say: a person has to look at most of it. But no request is paid for twice, what counts as done
 * is proven, what the other one wrote is somewhere, and whatever is told has a cause.
 */
export async function tellWithIntruder(
  scenario: Scenario,
  seed: number,
  trace = new Trace(),
): Promise<readonly string[]> {
  const random = randomFrom(hashOf(`intruder ${scenario.name} ${seed}`))
  const written = new Map<string, string>()
  let acts = 1 + Math.floor(random() * 3)
  const rate = 0.1 ** (1.5 + random())
  const life = await live({
    scenario,
    standing: beginningOf(scenario),
    seed,
    life: 1,
    trace,
    plan: {
      beforeOperation({ disk }, operation) {
        if (acts === 0 || random() >= rate) return
        const did = actOn(disk, operation, random, written)
        if (did === null) return
        acts -= 1
        trace.add(`another process: ${did}`)
      },
    },
  }).catch(asError)
  return life instanceof Error ? [textOf(life)] : faultsAfter(life, written)
}

const isBatchFile = (path: string): boolean =>
  /\/workdir\/batch_(input|output|error)_[^/]*\.jsonl$/.test(path)

function actOn(
  disk: SimulatedDisk,
  { what }: Operation,
  random: () => number,
  written: Map<string, string>,
): string | null {
  // Between our last look at a name and its removal nobody can keep a file from being removed (docs/durability.md).
  const isAboutToGo = (path: string): boolean =>
    /^(?:remove|rename|stat) /.test(what) && what.endsWith(basename(path))
  const paths = [...disk.files().keys()].filter((path) => isBatchFile(path) && !isAboutToGo(path))
  const path = paths[Math.floor(random() * paths.length)]
  if (path === undefined) return null
  const acts = [removed, cut, lengthened, replaced]
  const act = acts[Math.floor(random() * acts.length)] ?? removed
  act(disk, path)
  const content = disk.files().get(path)
  if (content === undefined) written.delete(path)
  else written.set(path, content.toString('latin1'))
  return `${act.name} ${path}`
}

function removed(disk: SimulatedDisk, path: string): void {
  disk.remove(path)
}

function cut(disk: SimulatedDisk, path: string): void {
  const file = disk.open(path, 'extend')
  disk.truncate(file, file.file.content.length >> 1)
  disk.close(file)
}

function lengthened(disk: SimulatedDisk, path: string): void {
  const file = disk.open(path, 'extend')
  disk.write(file, Buffer.from('{"custom_id":"stranger"}\n'))
  disk.close(file)
}

function replaced(disk: SimulatedDisk, path: string): void {
  disk.put(`${home}/other.jsonl`, '{"custom_id":"of somebody else"}\n')
  disk.rename(`${home}/other.jsonl`, path)
}

async function faultsAfter({ world, ending }: Life, written: ReadonlyMap<string, string>): Promise<string[]> {
  const faults: string[] = []
  if (ending.type === 'error') {
    const isTold = ending.error instanceof NotSettled && !ending.error.message.includes('UnexpectedError')
    if (!isTold) faults.push(`ended with ${textOf(ending.error)}`)
  }
  const paid = world.server.executions().flatMap(({ customId, isAnswered }) => (isAnswered ? [customId] : []))
  if (new Set(paid).size < paid.length) faults.push(`paid twice: ${paid.join(', ')}`)
  const standing = new Set([...world.disk.files().values()].map((bytes) => bytes.toString('latin1')))
  for (const [path, content] of written)
    if (!standing.has(content)) faults.push(`what was written to ${path} is lost`)
  world.calm()
  const reader = world.start({ host: 'reader', pid: 900 }, 'boot of the reader')
  const proofs = await withRuntime(
    () => world.runtime(),
    () =>
      world.run(
        openWorkspace(`${reader.mount}/workspace`, reader).then((workspace) => verifyWorkspace(workspace)),
      ),
  )
  if (proofs.type !== 'result')
    return [...faults, `verify ended with ${proofs.type === 'error' ? textOf(proofs.error) : ''}`]
  const atWork = [...world.disk.files().keys()].filter((path) => path.startsWith(`${root}/workdir/`))
  for (const { index, isProven } of proofs.result) {
    const isDone = !atWork.some((path) => path.includes(`_${index}.`))
    if (isDone && !isProven) faults.push(`${index} counts as done and is not proven`)
  }
  return faults
}
