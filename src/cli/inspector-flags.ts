import { portFlag } from './inspect-routes.js'

/** Flags of commands whose run can show itself in a browser. */
export type InspectorFlags = {
  readonly inspect?: boolean
  readonly inspectPort?: number
}

export const inspectorFlags = {
  inspect: {
    kind: 'boolean',
    brief: 'Show the run in a browser, with buttons to wake what is stuck; stays until Ctrl-C',
    optional: true,
    withNegated: false,
  },
  inspectPort: portFlag,
} as const
