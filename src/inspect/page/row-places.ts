/** Rows of one height that follow each other. */
export interface RowGroup {
  readonly count: number
  readonly pixels: number
}

/** Where rows stand in a list of groups, counted from its top in pixels. */
export interface RowPlaces {
  readonly count: number
  readonly pixels: number
  readonly topOf: (row: number) => number
  readonly heightOf: (row: number) => number
  /** The row that covers the place; the last one below all of them. */
  readonly rowAt: (pixels: number) => number
}

/** Nothing is kept for single rows, so that ten thousand cost no more than ten. */
export function rowPlaces(groups: readonly RowGroup[]): RowPlaces {
  const count = groups.reduce((sum, group) => sum + group.count, 0)
  const topOf = (row: number): number => {
    let top = 0
    let before = row
    for (const group of groups) {
      top += Math.min(before, group.count) * group.pixels
      before -= Math.min(before, group.count)
    }
    return top
  }
  return {
    count,
    pixels: topOf(count),
    topOf,
    heightOf: (row) => topOf(row + 1) - topOf(row),
    rowAt(pixels) {
      let row = 0
      let left = Math.max(0, pixels)
      for (const group of groups) {
        const groupPixels = group.count * group.pixels
        if (left < groupPixels) return row + Math.floor(left / group.pixels)
        left -= groupPixels
        row += group.count
      }
      return Math.max(0, count - 1)
    },
  }
}
