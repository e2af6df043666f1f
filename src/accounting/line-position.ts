/** Where a line stands: number from 1, first byte, bytes without its line ending. */
export interface LinePosition {
  readonly line: number
  readonly offset: number
  readonly length: number
}
