/** The part of a terminal or pipe that the command line writes to. */
export interface OutputStream {
  readonly write: (text: string) => void
  /** Settles once little of what was written still waits for a slow reader. What only remembers has nobody to wait for. */
  readonly drained?: () => Promise<void>
  readonly isTTY?: boolean
  /** Width of the terminal in characters; unknown for pipes. */
  readonly columns?: number | undefined
  readonly getColorDepth?: (env?: object) => number
}

/**
 * A stream that swallows everything after its reader went away (`| head`). Work goes on to its end: a closed pipe
 * is no reason to leave a triple half way.
 */
export function quietOnceClosed(stream: NodeJS.WriteStream): OutputStream {
  let isClosed = false
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
    isClosed = true
  })
  return {
    write: (text) => {
      if (!isClosed) stream.write(text)
    },
    drained: async () => {
      if (!isClosed && stream.writableNeedDrain) await drainOrEnd(stream)
    },
    isTTY: stream.isTTY,
    // Read anew each time: terminals are resized.
    get columns() {
      return stream.columns
    },
    ...(stream.isTTY ? { getColorDepth: (env) => stream.getColorDepth(env) } : {}),
  }
}

function drainOrEnd(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const event of drainOrEndEvents) stream.off(event, settle)
      resolve()
    }
    for (const event of drainOrEndEvents) stream.on(event, settle)
  })
}

const drainOrEndEvents = ['drain', 'error', 'close'] as const
