import { applied, type ContentStep, type FileNode } from './simulated-disk.js'
import { hashOf } from './random.js'

/** What a crash leaves of one change that was not synced. Of a write also a part, or its length without its bytes. */
export type ChangeFate = 'kept' | 'lost' | 'torn' | 'zeros'

/** What a crash leaves of all that was not synced. */
export interface Fate {
  readonly name: string
  /**
   * Which of the things that the name led to since it was last synced it leads to afterwards: 0 is the first.
   *
   * @param gone for each of them, whether the name led to nothing
   */
  readonly ofName: (path: string, gone: readonly boolean[]) => number
  /** @param isLast whether it is the very last thing that was done to the disk */
  readonly ofContent: (inode: number, step: number, isLast: boolean) => ChangeFate
}

export function nameLeft<Node>(path: string, states: readonly (Node | null)[], fate: Fate): Node | null {
  if (states.length === 1) return states[0] ?? null
  const chosen = fate.ofName(
    path,
    states.map((state) => state === null),
  )
  return states[chosen] ?? null
}

export function contentLeft(file: FileNode, fate: Fate, lastChange: number): Buffer {
  const { number, durable, steps, content, doubtful } = file
  const fates = steps.map(({ change }, at) => fate.ofContent(number, at, change === lastChange))
  const isAllKept = fates.every((each) => each === 'kept')
  let left = isAllKept ? content : durable
  if (!isAllKept) for (const [at, step] of steps.entries()) left = stepLeft(left, step, fates[at] ?? 'lost')
  const lost = doubtful.filter((_, at) => fate.ofContent(number, -1 - at, false) !== 'kept')
  return lost.reduce(withZeros, left)
}

function stepLeft(content: Buffer, step: ContentStep, fate: ChangeFate): Buffer {
  if (fate === 'lost') return content
  if (fate === 'kept' || step.type === 'truncate') return applied(content, step)
  const bytes =
    fate === 'zeros' ? Buffer.alloc(step.bytes.length) : step.bytes.subarray(0, step.bytes.length >> 1)
  return applied(content, { ...step, bytes })
}

function withZeros(content: Buffer, { from, to }: { readonly from: number; readonly to: number }): Buffer {
  if (from >= content.length) return content
  const result = Buffer.from(content)
  return result.fill(0, from, Math.min(to, result.length))
}

const last = (states: readonly unknown[]): number => states.length - 1

/** The last state that is (or is not) nothing. */
const lastThat = (gone: readonly boolean[], wanted: boolean): number => Math.max(0, gone.lastIndexOf(wanted))

/** What every crash point is tried with: from a killed process, which loses nothing, to disks that lose all they may. */
export const fates: readonly Fate[] = [
  { name: 'killed', ofName: (_, gone) => last(gone), ofContent: () => 'kept' },
  {
    name: 'killed-in-a-write',
    ofName: (_, gone) => last(gone),
    ofContent: (_inode, _step, isLast) => (isLast ? 'torn' : 'kept'),
  },
  { name: 'all-lost', ofName: () => 0, ofContent: () => 'lost' },
  { name: 'names-kept', ofName: (_, gone) => last(gone), ofContent: () => 'lost' },
  { name: 'names-kept-zeros', ofName: (_, gone) => last(gone), ofContent: () => 'zeros' },
  { name: 'contents-kept', ofName: () => 0, ofContent: () => 'kept' },
  { name: 'removals-kept', ofName: (_, gone) => lastThat(gone, true), ofContent: () => 'kept' },
  { name: 'additions-kept', ofName: (_, gone) => lastThat(gone, false), ofContent: () => 'torn' },
  randomFate(1),
  randomFate(2),
]

const contentFates: readonly ChangeFate[] = ['kept', 'lost', 'torn', 'zeros']

/** Each change has a fate of its own, which follows from the number and from where it is. */
export function randomFate(number: number): Fate {
  return {
    name: `random-${number}`,
    ofName: (path, gone) => hashOf(`${number} ${path} ${gone.length}`) % gone.length,
    ofContent: (inode, step) =>
      contentFates[hashOf(`${number} ${inode} ${step}`) % contentFates.length] ?? 'lost',
  }
}

export function fateNamed(name: string): Fate {
  const random = /^random-(\d+)$/.exec(name)
  const found = random === null ? fates.find((fate) => fate.name === name) : randomFate(Number(random[1]))
  if (found === undefined) throw new Error(`No fate is called ${name}.`)
  return found
}
