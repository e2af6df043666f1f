/** Where the states stand on the chart. One unit is one pixel where the chart is as wide as drawn. */

/** A box of one state. `more` is the right end of its row: of the box beside it, where there is one. */
export interface StateBox {
  readonly path: string
  readonly kind: 'state' | 'group' | 'beside'
  readonly column: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly more: number
}

export interface StatesLaidOut {
  readonly boxes: ReadonlyMap<string, StateBox>
  readonly width: number
  readonly height: number
}

/** A state, its substates, and for each the state that waits before the step is tried again. */
export interface StateToPlace {
  readonly path: string
  readonly steps: readonly { readonly path: string; readonly beside: string | null }[]
}

/**
 * From the left to the right as a triple goes, the ends of its way last. By hand: a layout program needs more than twice
 * the width of a page for these states, and moves all of them when an arrow comes; people find a state where it was.
 */
const columns: readonly { readonly width: number; readonly states: readonly string[] }[] = [
  { width: 188, states: ['deciding', 'submitting'] },
  { width: 238, states: ['awaiting-online-files'] },
  { width: 188, states: ['checking-ids', 'processing-errors', 'processing-outputs'] },
  { width: 188, states: ['moving-to-done', 'done', 'missing-input', 'failed'] },
]

const margin = 2
const gutter = 20
const frameGap = 12
const sidePadding = 14
/** Room for the name of a frame, and below it for the name of an edge that ends at the first row. */
const titleHeight = 30
const rowHeight = 22
/** The name of an edge fits between two rows. */
const rowGap = 13
const besideWidth = 46
const besideGap = 9

/** Throws when a state of the machine has no place, or a place no state. */
export function layOutStates(states: readonly StateToPlace[]): StatesLaidOut {
  const placed = columns.flatMap((column) => column.states)
  const unknown = states.filter(({ path }) => !placed.includes(path)).map(({ path }) => path)
  const gone = placed.filter((path) => !states.some((state) => state.path === path))
  if (unknown.length + gone.length > 0) {
    throw new Error(`Give each state a column: without one ${unknown.join()}, no state ${gone.join()}.`)
  }
  const boxes = new Map<string, StateBox>()
  let x = margin
  let height = 0
  for (const [column, { width, states: paths }] of columns.entries()) {
    let y = margin
    for (const path of paths) {
      const steps = states.find((state) => state.path === path)?.steps ?? []
      for (const box of boxesOf({ path, steps }, { column, x, y, width })) boxes.set(box.path, box)
      const box = boxes.get(path)
      if (box !== undefined) y = box.y + box.height + frameGap
      height = Math.max(height, y - frameGap)
    }
    x += width + gutter
  }
  return { boxes, width: x - gutter + margin, height: height + margin }
}

interface Place {
  readonly column: number
  readonly x: number
  readonly y: number
  readonly width: number
}

function boxesOf({ path, steps }: StateToPlace, { column, x, y, width }: Place): readonly StateBox[] {
  if (steps.length === 0) {
    // As far in as the states that stand within a frame, and with room for the name of an edge above.
    const inside = { x: x + sidePadding, y: y + 4, width: width - 2 * sidePadding, height: rowHeight + 2 }
    return [{ path, kind: 'state', column, ...inside, more: x + width - sidePadding }]
  }
  const left = x + sidePadding
  const right = x + width - sidePadding
  const rows = steps.flatMap((step, at): StateBox[] => {
    const row = { column, y: y + titleHeight + at * (rowHeight + rowGap), height: rowHeight, more: right }
    const own = right - left - (step.beside === null ? 0 : besideWidth + besideGap)
    const box: StateBox = { path: step.path, kind: 'state', ...row, x: left, width: own }
    if (step.beside === null) return [box]
    return [box, { path: step.beside, kind: 'beside', ...row, x: right - besideWidth, width: besideWidth }]
  })
  const height = titleHeight + steps.length * (rowHeight + rowGap) - rowGap + 10
  return [{ path, kind: 'group', column, x, y, width, height, more: x + width }, ...rows]
}
