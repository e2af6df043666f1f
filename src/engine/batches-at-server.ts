import { reconciliationError } from '../errors.js'
import { batchText, findTwins, type NewInput, type Twin } from '../actors/upload-twins.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import { countOf } from '../units.js'
import { shellWord } from '../workspace/shell-word.js'
import type { Run } from './run.js'

/** Bytes that are about to be sent as one batch, and where they come from. */
export interface InputToSend extends NewInput {
  /** Absolute path of the requests file. */
  readonly requestsPath: string
  readonly requests: number
}

/**
 * Asks about bytes of which the server has a batch that was made from elsewhere, before anything is written or sent.
 *
 * @throws RequestsSentBefore
 */
export async function requireNewAtServer(run: Run, inputs: readonly InputToSend[]): Promise<void> {
  const { provider, workspace, signal } = run
  if (provider === null) return
  const warn = (message: string): void => run.report({ type: 'warning', index: null, message })
  const twins = await findTwins({ workspace, provider, signal, warn }, inputs)
  if (twins.length > 0) throw sentBefore(run, provider, twins)
}

const mostNamed = 3

function sentBefore(
  { workspace: { root } }: Run,
  { host, name }: BatchProvider,
  twins: readonly Twin<InputToSend>[],
): Error {
  const ids = [...new Set(twins.map(({ batch }) => batch.batchId))]
  const paths = [...new Set(twins.map(({ input }) => input.requestsPath))]
  const told = twins.slice(0, mostNamed).map(({ input, batch }) => twinText(input, batch))
  const more = twins.length > mostNamed ? `; and ${twins.length - mostNamed} more` : ''
  const wanted = ids.slice(0, mostIds).map((id) => `--batch ${shellWord(id)} `)
  const files = paths.slice(0, mostIds).map((path) => shellWord(path))
  return reconciliationError({
    code: 'RequestsSentBefore',
    message: `${host ?? name} has a batch of the same bytes already, made from elsewhere: ${told.join('; ')}${more}. Nothing was sent.`,
    hint: `To bring in what it answers, and pay nothing: batch-reconciler import ${wanted.join('')}${shellWord(root)}; then submit what else there is. To pay for the same requests once more: batch-reconciler submit ${shellWord(root)} ${files.join(' ')} --again`,
    needsPerson: true,
    facts: { batchIds: ids.slice(0, mostIds), paths: paths.slice(0, mostIds) },
  })
}

/** In one command. */
const mostIds = 20

const twinText = ({ requestsPath, requests }: InputToSend, batch: RemoteBatch): string =>
  `${batchText(batch)} has ${countOf(requests, 'request')} of ${requestsPath}`
