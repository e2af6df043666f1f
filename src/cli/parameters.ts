/** A folder given on the command line; relative to the current directory of the context. */
export const folderParameter = {
  brief: 'Folder that holds workdir/ and done/',
  placeholder: 'workspace',
  parse: parsePath,
} as const

export const jsonFlag = {
  kind: 'boolean',
  brief: 'One JSON object per triple and line on stdout',
  optional: true,
  withNegated: false,
} as const

/** Refuses an empty path: it is a variable that was not set, and would mean "here". */
export function parsePath(input: string): string {
  if (input.trim() === '') throw new Error('the path is empty; the path of a folder or file was expected.')
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
