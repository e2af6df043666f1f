/** A folder given on the command line; relative to the current directory of the context. */
export const folderParameter = {
  brief: 'Folder that holds workdir/ and done/',
  placeholder: 'workspace',
  parse: parsePath,
} as const

/** What flags have in common that are given or not. */
export const onOff = { kind: 'boolean', optional: true, withNegated: false } as const

export const jsonFlag = { ...onOff, brief: 'One JSON object per triple and line on stdout' } as const

/** Refuses an empty path: it is a variable that was not set, and would mean "here". */
export function parsePath(input: string): string {
  if (input.trim() === '') throw new Error('the path is empty; the path of a folder or file was expected.')
  return input
}

/** Any text but an empty one. */
export function parseText(input: string): string {
  if (input.trim() === '') throw new Error('it is empty.')
  return input
}

/** Makes a parser for whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (input: string) => number {
  return (input) => {
    const value = /^\d{1,15}$/.test(input) ? Number(input) : NaN
    if (value >= least && value <= most) return value
    throw new Error(`'${input}' was given; a whole number from ${least} to ${most} was expected.`)
  }
}
