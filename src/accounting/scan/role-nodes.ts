import { rowRoles, type FieldRole, type FieldRoles, type ScannedKind } from './field-roles.js'

/** A node of the tree of roles, in a list: `fields` and `others` are positions in it. */
export interface RoleNode {
  readonly role: FieldRole
  readonly fields: readonly (readonly [name: string, node: number])[]
  readonly others: number
}

/** Longest name of a field that has a role, in characters; all of them ASCII. */
export const maxNameLength = 24

/** The trees of all kinds of rows as one list, and where each of them begins. */
export function listRoles(): {
  readonly nodes: readonly RoleNode[]
  readonly roots: Readonly<Record<ScannedKind, number>>
} {
  const nodes: RoleNode[] = []
  const known = new Map<FieldRoles, number>()
  const positionOf = (roles: FieldRoles): number => {
    const before = known.get(roles)
    if (before !== undefined) return before
    // Its place is taken before its fields are looked at: a node may be its own field.
    const position = nodes.push({ role: roles.role, fields: [], others: 0 }) - 1
    known.set(roles, position)
    const fields = Object.entries(roles.fields).map(([name, field]) => [name, positionOf(field)] as const)
    nodes[position] = { role: roles.role, fields, others: positionOf(roles.others ?? unnamed) }
    return position
  }
  return { nodes, roots: { request: positionOf(rowRoles.request), answer: positionOf(rowRoles.answer) } }
}

/** Fields that nobody named, and theirs. */
const unnamed: FieldRoles = { role: 'kept', fields: {}, others: null }
