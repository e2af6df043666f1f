/** A way of writing requests or answers that is not the one this project reads. */
export interface Dialect {
  /** With its article, so that it reads behind "looks like": `a JSON array`. */
  readonly name: string
  /**
   * A command line that makes JSON lines of the file in place, or a sentence where no command can.
   * Takes the path as a shell reads it (`shellWord`).
   */
  readonly cure: (file: string) => string
}

/** A path for a POSIX shell: as it is where every shell reads it so, else between single quotes. */
export function shellWord(path: string): string {
  return /^[A-Za-z0-9_./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
