import type { WorkspaceHistory } from '../../engine/phase-history.js'
import type {
  CommandsAnswer,
  ExportedInspection,
  FailedForGood,
  StreamMessage,
  TripleCommandType,
  TripleDetail,
  TripleReplay,
} from '../protocol.js'
import { embeddedBackend } from './embedded-backend.js'
import { serverBackend } from './server-backend.js'

/** Where the page gets its data: a server, or what is embedded in a saved page. */
export interface Backend {
  /** False in a saved page: there is nothing to be connected to. */
  readonly isServed: boolean
  /** Calls `onReset` before a listing starts anew. */
  connect(listener: StreamListener): () => void
  /** `null` when there is none; rejects when the server does not answer. */
  detail(index: string, withTexts: boolean): Promise<TripleDetail | null>
  replay(index: string): Promise<TripleReplay | null>
  history(): Promise<WorkspaceHistory>
  failedForGood(): Promise<readonly FailedForGood[]>
  /** What all answers took, as sentences. */
  tokens(): Promise<readonly string[]>
  command(indices: readonly string[], type: TripleCommandType): Promise<CommandsAnswer>
}

export interface StreamListener {
  onReset(): void
  onMessage(message: StreamMessage): void
  onConnected(isConnected: boolean): void
}

export function openBackend(): Backend {
  const text = document.getElementById('inspection')?.textContent
  if (text === undefined || text === null) return serverBackend(new URL(location.href))
  return embeddedBackend(JSON.parse(text) as ExportedInspection)
}
