import type { FieldRole, ScannedKind } from './field-roles.js'
import { listRoles, maxNameLength, type RoleNode } from './role-nodes.js'

/** The tree of roles: `assembly/roles.ts` in plain JavaScript. */
export class PlainRoles {
  readonly roots: Readonly<Record<ScannedKind, number>>
  readonly #nodes: readonly RoleNode[]
  readonly #fields: readonly ReadonlyMap<string, number>[]

  constructor() {
    const { nodes, roots } = listRoles()
    this.roots = roots
    this.#nodes = nodes
    this.#fields = nodes.map(({ fields }) => new Map(fields))
  }

  /** The role of the node at this position. */
  at(position: number): FieldRole {
    return this.#nodeAt(position).role
  }

  /** The node of the field with the name that stands in these bytes. */
  fieldOf(position: number, bytes: Uint8Array, name: number, end: number): number {
    const { others } = this.#nodeAt(position)
    if (end - name > maxNameLength) return others
    return this.#fields[position]?.get(String.fromCharCode(...bytes.subarray(name, end))) ?? others
  }

  #nodeAt(position: number): RoleNode {
    const node = this.#nodes[position]
    if (node === undefined) throw new RangeError(`There is no role ${position}.`)
    return node
  }
}
