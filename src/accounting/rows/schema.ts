/** What a schema needs to have: `safeParse` as in zod 3 and 4. `safeParseAsync` is preferred when it is there. */
export interface ContentSchema<Content = unknown> {
  safeParse(value: unknown): SchemaResult<Content>
  safeParseAsync?(value: unknown): Promise<SchemaResult<Content>>
}

export type SchemaResult<Content = unknown> =
  | { readonly success: true; readonly data: Content }
  | { readonly success: false; readonly error: unknown }

/** What became of a value in the hands of a schema; `overflow` when the schema ran out of stack on it. */
export type AppliedSchema = SchemaResult | { readonly success: 'overflow' }

/**
 * Puts a value through the schema. A schema that throws is a fault of its author: the error goes to the caller,
 * the row is not taken for a rejected one. Only running out of stack is a matter of the value: others are shallower.
 */
export async function applySchema(schema: ContentSchema, value: unknown): Promise<AppliedSchema> {
  try {
    return await (schema.safeParseAsync === undefined
      ? schema.safeParse(value)
      : schema.safeParseAsync(value))
  } catch (error) {
    if (isStackOverflow(error)) return { success: 'overflow' }
    throw error
  }
}

/** True for what V8 throws when functions have called each other too deep. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack')
}

/** The first findings of a schema's error as one line, such as `name: expected string`. */
export function describeSchemaError(error: unknown): string {
  const issues = issuesOf(error)
  const shown = issues.slice(0, 3).map(describeIssue)
  if (shown.length === 0) return error instanceof Error ? error.message : 'The schema turned the answer down.'
  const more = issues.length - shown.length
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ')
}

function issuesOf(error: unknown): readonly unknown[] {
  if (typeof error !== 'object' || error === null || !('issues' in error)) return []
  return Array.isArray(error.issues) ? error.issues : []
}

function describeIssue(issue: unknown): string {
  if (typeof issue !== 'object' || issue === null) return String(issue)
  const path = 'path' in issue && Array.isArray(issue.path) ? issue.path.map(String).join('.') : ''
  const message = 'message' in issue ? String(issue.message) : 'is not valid'
  return path === '' ? message : `${path}: ${message}`
}
