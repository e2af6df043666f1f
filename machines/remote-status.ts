/** What one status of the server means for us. */
interface StatusTraits {
  /** The server does nothing more. */
  readonly isEnded: boolean
  /** It ended before every request was run: what the files do not mention was not executed. */
  readonly isCutShort: boolean
  /** Somebody wanted it to stop. */
  readonly isCancelled: boolean
  /** Requests are executed, or have been and their answers are on the way. */
  readonly isRunning: boolean
  /** Of several batches of one upload the one with the highest is worth most. */
  readonly adoptionRank: number
}

/** The eight statuses of the OpenAI API reference, "The batch object", from the least worth to the most. */
const remoteStatuses = {
  failed: { isEnded: true, isCutShort: false, isCancelled: false, isRunning: false, adoptionRank: 1 },
  cancelled: { isEnded: true, isCutShort: true, isCancelled: true, isRunning: false, adoptionRank: 2 },
  cancelling: { isEnded: false, isCutShort: false, isCancelled: true, isRunning: false, adoptionRank: 3 },
  expired: { isEnded: true, isCutShort: true, isCancelled: false, isRunning: false, adoptionRank: 4 },
  validating: { isEnded: false, isCutShort: false, isCancelled: false, isRunning: false, adoptionRank: 5 },
  in_progress: { isEnded: false, isCutShort: false, isCancelled: false, isRunning: true, adoptionRank: 6 },
  finalizing: { isEnded: false, isCutShort: false, isCancelled: false, isRunning: true, adoptionRank: 7 },
  completed: { isEnded: true, isCutShort: false, isCancelled: false, isRunning: false, adoptionRank: 8 },
} as const satisfies Readonly<Record<string, StatusTraits>>

/** A status that is known. Servers may say any text; one that is not known means "keep waiting and say so". */
export type RemoteStatus = keyof typeof remoteStatuses

export const knownRemoteStatuses = Object.keys(remoteStatuses) as readonly RemoteStatus[]

const unknownStatus: StatusTraits = {
  isEnded: false,
  isCutShort: false,
  isCancelled: false,
  isRunning: false,
  adoptionRank: 0,
}

export const isKnownStatus = (status: string): status is RemoteStatus => Object.hasOwn(remoteStatuses, status)

/** The server does nothing more. `null`: it was never asked. */
export const isEndedStatus = (status: string | null): boolean => traitsOf(status).isEnded

/** Requests the files do not mention were not executed. */
export const isCutShortStatus = (status: string | null): boolean => traitsOf(status).isCutShort

/** Somebody wanted the batch to stop: nothing of it is sent again by itself. */
export const isCancelledStatus = (status: string | null): boolean => traitsOf(status).isCancelled

/** Every request was refused before any was run: validation, or want of room. */
export const isFailedStatus = (status: string | null): boolean => status === ('failed' satisfies RemoteStatus)

/** The server executes the requests, or writes their answers: nothing is expected of anybody. */
export const isRunningStatus = (status: string): boolean => traitsOf(status).isRunning

/** Whether asking the server to cancel a batch changes anything. */
export const canBeCancelled = (status: string | null): boolean =>
  !isEndedStatus(status) && !isCancelledStatus(status)

export const adoptionRankOf = (status: string): number => traitsOf(status).adoptionRank

function traitsOf(status: string | null): StatusTraits {
  return status !== null && isKnownStatus(status) ? remoteStatuses[status] : unknownStatus
}
