export { exportJournal, exportWorkspace, type ExportOptions } from './export-page.js'
export {
  inspectJournal,
  inspectLive,
  inspectWorkspace,
  type Inspector,
  type InspectorOptions,
  type LiveInspector,
} from './open-inspector.js'
