import { onOff, parsePath, parseText } from './parameters.js'

/** Flags of commands that tell other programs what they come to. */
export type SignalFlags = {
  readonly webhook?: string
  readonly onSettled?: string
  readonly metricsFile?: string
  readonly telemetry?: boolean
}

export const signalFlags = {
  webhook: {
    kind: 'parsed',
    brief: 'Address that is told when all is settled, or somebody has to look at something',
    placeholder: 'url',
    parse: parseText,
    optional: true,
  },
  onSettled: {
    kind: 'parsed',
    brief: 'Command for the shell when all is settled; it gets JSON on its standard input',
    placeholder: 'command',
    parse: parseText,
    optional: true,
  },
  metricsFile: {
    kind: 'parsed',
    brief:
      "File that follows the numbers of the run, for the textfile collector of Prometheus' node exporter",
    placeholder: 'file.prom',
    parse: parsePath,
    optional: true,
  },
  telemetry: {
    ...onOff,
    brief: 'Tell spans and counters to the OpenTelemetry SDK that the process was started with',
  },
} as const
