/** Ids of what is drawn on the statechart. Paths are dotted, such as `awaiting-online-files.waiting`. */

export const stateElementId = (statePath: string): string => `state-${statePath}`

/** The text that holds how many triples are in the state. */
export const countElementId = (statePath: string): string => `count-${statePath}`

export const edgeElementId = (from: string, to: string): string => `edge-${from}-to-${to}`

/** The text that names the events of an edge; shown where the edge is of interest. */
export const edgeNameElementId = (from: string, to: string): string => `name-${from}-to-${to}`
