/** The usual faults by name, as users see them: `faults.createAnswerLost()`. */
export * from './report-faults.js'
export * from './wire-faults.js'
