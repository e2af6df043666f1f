import type { Problem } from '../../machines/index.js'
import { basename } from 'node:path'
import { diskProblemOf } from '../accounting/requests/disk-problem.js'
import { reconciliationError } from '../errors.js'
import type { RemoteBatch } from '../providers/batch-provider.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { markOfFile } from '../workspace/file-mark.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { fileChunks } from '../workspace/read-whole-file.js'
import { shellWord } from '../workspace/shell-word.js'
import { unsentInputs } from './sent-before.js'
import { batchText, findTwins, type NewInput, type TwinLook } from './upload-twins.js'

/** Shared by all triples of a run: of which inputs that somebody put there the server has a batch already. */
export interface SentElsewhere {
  /**
   * Throws `RequestsSentBefore` when a batch that this workspace does not know has the same bytes. A look and no proof: a
   * server that lists nothing, or cannot be asked, stops no submission.
   *
   * @param inputMark of the input as it stands, by `markOfFile`
   */
  requireNew(look: TwinLook, index: string, inputMark: string): Promise<void>
  /** Look anew when next asked: others go on sending. */
  forget(): void
}

export function sentElsewhere(): SentElsewhere {
  let findings: Promise<Findings> | null = null
  const lookAnew = (look: TwinLook): Promise<Findings> => {
    const looking = findAll(look)
    findings = looking
    return looking
  }
  return {
    forget: () => (findings = null),
    async requireNew(look, index, inputMark) {
      if (look.provider.recent === undefined) return
      const key = keyOf(index, inputMark)
      // What stopped the one who looked need not stop the next.
      const known = await (findings ?? lookAnew(look)).catch(() => lookAnew(look))
      const problem = known.has(key) ? known.get(key) : (await lookAnew(look)).get(key)
      if (problem != null) throw reconciliationError(problem, { index })
    },
  }
}

/** By index and mark of each input that was looked for: what keeps it from being sent. */
type Findings = ReadonlyMap<string, Problem | null>

const keyOf = (index: string, mark: string): string => `${index} ${mark}`

interface UnsentInput extends NewInput {
  readonly index: BatchIndex
  readonly path: string
  readonly key: string
}

/** All at once: the server's lists are the same for all of them. */
async function findAll(look: TwinLook): Promise<Findings> {
  const inputs = await unsentFiles(look.workspace)
  const findings = new Map<string, Problem | null>(inputs.map(({ key }) => [key, null]))
  for (const { input, batch } of await findTwins(look, inputs)) {
    if (findings.get(input.key) === null) findings.set(input.key, sentFromElsewhere(look, input, batch))
  }
  return findings
}

/** One that cannot be looked at stops its triple by itself. */
async function unsentFiles(workspace: BatchWorkspace): Promise<readonly UnsentInput[]> {
  const { fileSystem } = workspace
  const inputs: UnsentInput[] = []
  for (const { index, input: path } of await unsentInputs({ workspace })) {
    if (path === null) continue
    const look = async (): Promise<void> => {
      const stat = await fileSystem.stat(path)
      if (stat === null) return
      const spelling = { bytes: stat.bytes, read: () => fileChunks(fileSystem, path) }
      inputs.push({ index, path, key: keyOf(index, markOfFile(stat)), indices: none, spellings: [spelling] })
    }
    await diskProblemOf(look())
  }
  return inputs
}

/** Whoever put a file there named it, and others may have named another one the same. */
const none: ReadonlySet<string> = new Set()

function sentFromElsewhere(
  { workspace: { root }, provider: { host, name } }: TwinLook,
  { index, path }: UnsentInput,
  batch: RemoteBatch,
): Problem {
  const [folder, id] = [shellWord(root), shellWord(batch.batchId)]
  return {
    code: 'RequestsSentBefore',
    message: `${host ?? name} has a batch of the same bytes as ${basename(path)} already, which this workspace does not know: ${batchText(batch)}. Nothing of it was sent.`,
    hint: `To take that batch up, and pay nothing: \`batch-reconciler adopt ${folder} ${index} ${id}\`. To pay for the same requests once more: \`batch-reconciler submit ${folder} ${shellWord(path)} --again\`, then take ${path} away.`,
    needsPerson: true,
    facts: { index, path, batchId: batch.batchId },
  }
}
