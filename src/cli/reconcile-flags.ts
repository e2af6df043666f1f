import { onOff, parsePath, wholeNumber } from './parameters.js'

/** Flags of every command that reconciles. */
export const reconcileFlags = {
  concurrency: {
    kind: 'parsed',
    brief: 'Triples at work at the same time, 1 to 64 (4 unless given)',
    placeholder: 'number',
    parse: wholeNumber(1, 64),
    optional: true,
  },
  contentType: {
    kind: 'enum',
    brief: 'What the answers hold (text unless the metadata says otherwise)',
    values: ['json', 'json-lines', 'text'],
    optional: true,
  },
  maxAttempts: {
    kind: 'parsed',
    brief: 'Attempts at a request, the first one included, 1 to 100 (3 unless given)',
    placeholder: 'number',
    parse: wholeNumber(1, 100),
    optional: true,
  },
  processor: {
    kind: 'parsed',
    brief: 'Module that exports any of processOutput, processErrors, schema, shouldRetry',
    placeholder: './module.mjs',
    parse: parsePath,
    optional: true,
  },
  repairJson: { ...onOff, brief: 'Mend JSON answers that do not parse; mended rows are marked' },
} as const
