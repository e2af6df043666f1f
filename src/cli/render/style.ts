import { styleText } from 'node:util'
import type { OutputStream } from '../output-stream.js'

/** Colours for one stream, or none. */
export interface Style {
  good(text: string): string
  bad(text: string): string
  careful(text: string): string
  strong(text: string): string
  faint(text: string): string
}

/** Text as it is: for pipes, for `NO_COLOR` and for tests. */
export const plainStyle: Style = {
  good: (text) => text,
  bad: (text) => text,
  careful: (text) => text,
  strong: (text) => text,
  faint: (text) => text,
}

/** Colours when a person looks at the stream and has not asked for none (no-color.org: set and not empty). */
export function styleFor(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): Style {
  const isUnwanted = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  return stream.isTTY === true && !isUnwanted ? colours : plainStyle
}

type Format = Parameters<typeof styleText>[0]

// The decision was made for our stream; Node would ask its own standard output again.
const styled = (format: Format) => (text: string) => styleText(format, text, { validateStream: false })

const colours: Style = {
  good: styled('green'),
  bad: styled('red'),
  careful: styled('yellow'),
  strong: styled('bold'),
  faint: styled('dim'),
}
