/** JSON text that is written as it is, where a value would be parsed and written anew. */
export class RawJson {
  /** One line, valid JSON. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
