import { spawnSync } from 'node:child_process'

/** What stands before a command to give it a table of processes of its own, as a container has one. */
const unshare = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const

/** Whether that is permitted here: Linux only, and most containers only let a privileged user do it. */
export const canHaveOwnProcesses =
  spawnSync(unshare[0], [...unshare.slice(1), 'true'], { stdio: 'ignore' }).status === 0

/** The same command in a table of processes of its own, under the same host name. It ends with what starts it. */
export const withOwnProcesses = (command: string, inputs: readonly string[]): [string, string[]] => [
  unshare[0],
  [...unshare.slice(1), command, ...inputs],
]
