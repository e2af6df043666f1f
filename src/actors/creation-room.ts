import type { Problem } from '../../machines/index.js'

/** Bounds on what may be at the server at once, for all who share an account. */
export interface CreationRoom {
  /** Takes room for a batch; gives what stands in the way when there is none now. Asking again for one triple takes none. */
  reserve(index: string, requests: number): Promise<Problem | null>
  /** No batch came of it. */
  giveBack(index: string): Promise<void>
}

/** Only the server bounds it. */
export const unboundedRoom: CreationRoom = {
  reserve: async () => null,
  giveBack: async () => {},
}
