/** A way of writing requests or answers that is not the one this project reads. */
export interface Dialect {
  /** With its article, so that it reads behind "looks like": `a JSON array`. */
  readonly name: string
  /**
   * A command line that makes JSON lines of the file in place, or a sentence where no command can.
   * Takes the path as a shell reads it (`src/workspace/shell-word.ts`).
   */
  readonly cure: (file: string) => string
}
