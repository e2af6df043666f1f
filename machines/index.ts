export * from './facts.js'
export * from './operations.js'
export * from './problem.js'
