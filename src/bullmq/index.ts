/**
 * Several workers on one workspace, on the BullMQ engine. Needs the packages `bullmq` and `ioredis`, and a Redis; the rest
 * of this library needs neither.
 */
export type { WorkReport } from './station.js'
export { workWorkspace, type WorkOptions } from './work-workspace.js'
