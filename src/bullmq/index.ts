/**
 * Several workers on one workspace, on the BullMQ engine. Needs the packages `bullmq` and `ioredis`, and a Redis; the rest
 * of this library needs neither.
 */
export { workWorkspace, type WorkOptions, type WorkReport } from './work-workspace.js'
