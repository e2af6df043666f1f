export { createFakeBatchServer } from './fake-server/create-fake-batch-server.js'
export type { FakeBatchServer, FakeBatchServerOptions } from './fake-server/create-fake-batch-server.js'
export * as faults from './fake-server/faults.js'
export type { CutScope, FaultScope } from './fake-server/wire-faults.js'
export type {
  AnswerEffect,
  BodyEffect,
  Fault,
  FaultEffect,
  HoldEffect,
  ListEffect,
  NoAnswerEffect,
  ReportEffect,
  ReportFacts,
} from './fake-server/fault.js'
export type { ListeningServer } from './fake-server/listen.js'
export { rowOutcomes } from './fake-server/plan.js'
export type {
  Answer,
  BatchEnding,
  BatchPlan,
  FileDamage,
  ResultFile,
  RowOutcome,
  RowRule,
} from './fake-server/plan.js'
export type { BodyEnding } from './fake-server/reply.js'
export type { ScriptedFault } from './fake-server/scripted-faults.js'
export type { ApiCall, ExecutionFacts, NewBatch, RowExecution, ServerLimits } from './fake-server/state.js'
export type {
  BatchErrorObject,
  BatchObject,
  BatchRequest,
  BatchStatus,
  BatchUsage,
  FileObject,
  Operation,
  ResultLine,
} from './fake-server/wire.js'
export { everyKindOfTriple } from './generate-workspace/every-kind.js'
export { generateWorkspace } from './generate-workspace/generate-workspace.js'
export type { GenerateWorkspaceOptions } from './generate-workspace/generate-workspace.js'
export { expectedRows } from './generate-workspace/recipe.js'
export type {
  ExpectedOutcome,
  ExpectedRows,
  RecipeEndpoint,
  RecipeIds,
  TripleRecipe,
} from './generate-workspace/recipe.js'
