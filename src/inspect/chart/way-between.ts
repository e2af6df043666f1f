import { chartEdges, passingStates } from './statechart-svg.js'

export interface ChartEdge {
  readonly from: string
  readonly to: string
}

/**
 * The edges one step of a journal went along: one, or more where it passed through states that are left at once, of
 * which a journal does not tell. Empty when the chart knows no such way.
 */
export function wayBetween(from: string, to: string): readonly ChartEdge[] {
  const found = new Map<string, readonly ChartEdge[]>([[from, []]])
  for (const [state, way] of found) {
    for (const edge of chartEdges) {
      if (edge.from !== state) continue
      const longer = [...way, edge]
      if (edge.to === to) return longer
      if (passingStates.includes(edge.to) && !found.has(edge.to)) found.set(edge.to, longer)
    }
  }
  return []
}
