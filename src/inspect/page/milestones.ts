import type { CourseSpan } from '../../engine/triple-course.js'

/** Spans that are told together; mostly one. */
export type Milestone = readonly [CourseSpan, ...CourseSpan[]]

/** Steps below this say nothing one by one. */
const briefMs = 1_000

/** Steps that followed each other at once, and in which nothing went wrong, are one milestone. */
export function milestonesOf(spans: readonly CourseSpan[], endMs: number): readonly Milestone[] {
  const milestones: [CourseSpan, ...CourseSpan[]][] = []
  for (const span of spans) {
    const last = milestones.at(-1)
    if (last !== undefined && isBriefStep(span, endMs) && isBriefStep(last[0], endMs)) last.push(span)
    else milestones.push([span])
  }
  return milestones
}

const isBriefStep = ({ phase, fromMs, toMs, problemCode }: CourseSpan, endMs: number): boolean =>
  phase === 'at-work' && problemCode === null && (toMs ?? endMs) - fromMs < briefMs
