import { portFlag } from './inspect-routes.js'
import { onOff } from './parameters.js'

/** Flags of commands whose run can show itself in a browser. */
export type InspectorFlags = {
  readonly inspect?: boolean
  readonly inspectPort?: number
}

export const inspectorFlags = {
  inspect: {
    ...onOff,
    brief: 'Show the run in a browser, with buttons to wake what is stuck; stays until Ctrl-C',
  },
  inspectPort: portFlag,
} as const
