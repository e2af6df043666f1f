import { reconciliationError } from '../../errors.js'

/** What goes to the server beside the usual fields, for gateways that want more. */
export interface ExtraFields {
  /** Text fields of the form that uploads an input, such as `target_model_names`. */
  readonly uploadFields?: Readonly<Record<string, string>> | undefined
  /** Fields of the JSON that creates a batch. */
  readonly createFields?: Readonly<Record<string, unknown>> | undefined
  /** Beside ours in each batch's own metadata: at most 11 texts of at most 512 characters. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

/** OpenAI API reference, "Metadata": 16 pairs, names of 64 and values of 512 characters; five of the pairs are ours. */
const metadataLimits = { pairs: 11, name: 64, value: 512 } as const

/** Set by the provider, and by what it finds a lost batch with again. */
const ownUploadFields: ReadonlySet<string> = new Set(['file', 'purpose'])
const ownCreateFields: ReadonlySet<string> = new Set([
  'input_file_id',
  'endpoint',
  'completion_window',
  'metadata',
])
const ownLabels: ReadonlySet<string> = new Set(['tool', 'index', 'root_index', 'attempt', 'intent_key'])

/** @throws WrongUsage for a field that is ours, and for metadata that a server would refuse after the upload */
export function requireUsable({ uploadFields = {}, createFields = {}, metadata = {} }: ExtraFields): void {
  requireOthers('upload', uploadFields, ownUploadFields)
  requireOthers('create', createFields, ownCreateFields)
  requireOthers('metadata', metadata, ownLabels)
  const pairs = Object.entries(metadata)
  const { pairs: most, name: longestName, value: longestValue } = metadataLimits
  const tooLong = pairs.find(([name, value]) => name.length > longestName || value.length > longestValue)
  if (tooLong !== undefined)
    throw unusable(
      `The metadata ${tooLong[0].slice(0, longestName)} is too long: a name has at most ${longestName} characters, a value ${longestValue}.`,
    )
  if (pairs.length > most)
    throw unusable(`${pairs.length} pairs of metadata are too many: at most ${most} go with ours.`)
}

function requireOthers(
  kind: 'upload' | 'create' | 'metadata',
  fields: Readonly<Record<string, unknown>>,
  own: ReadonlySet<string>,
): void {
  const name = Object.keys(fields).find((one) => one === '' || own.has(one))
  if (name !== undefined)
    throw unusable(`"${name}" cannot be an extra field (${kind}): ${[...own].join(', ')} are set here.`)
}

function unusable(message: string): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message,
    hint: 'Leave it out, or choose another name or a shorter value; nothing was sent.',
  })
}
