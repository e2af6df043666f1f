import { isDoneState, isWaitingForServer } from '../../../machines/state-paths.js'
import type { CourseSpan } from '../../engine/triple-course.js'
import { countOf, countText, elapsedText } from '../../units.js'
import type { AttemptCourse, TripleDetail } from '../protocol.js'
import { layOutSpans } from './lay-out-spans.js'
import { milestonesOf, type Milestone } from './milestones.js'
import { TimeAxis } from './time-axis.js'
import { clockText, fullTime, Moment } from './times.js'
import { stateWords } from './triple-words.js'

interface TimeBarsProps {
  /** `null` while it is read: the room is kept, for as many bars as there are likely to be. */
  readonly detail: TripleDetail | null
  /** Which attempt of its lineage the triple is. */
  readonly attempt: number
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

/** One bar for each attempt of the lineage, all on one scale: where the time went, and when the server is due. */
export function TimeBars({ detail, attempt, nowMs, onChoose }: TimeBarsProps) {
  const lineage = detail?.lineage ?? []
  const scale = scaleOf(lineage, nowMs)
  return (
    <section class="time-bars" aria-label="Course in time" style={{ minHeight: `${roomFor(attempt)}px` }}>
      {lineage.map((course) => (
        <TimeBar
          key={course.index}
          course={course}
          scale={scale}
          isChosen={course.index === detail?.summary.index}
          isAlone={lineage.length === 1}
          nowMs={nowMs}
          onChoose={onChoose}
        />
      ))}
      {lineage.length > 0 && <TimeAxis fromMs={scale.fromMs} toMs={scale.toMs} nowMs={nowMs} />}
    </section>
  )
}

/** A bar with a line of milestones; in a lineage each has a name, and the first attempt more to tell. */
const roomFor = (attempt: number): number => (attempt === 1 ? 56 : 20 + Math.min(attempt, mostAttempts) * 63)

const mostAttempts = 8

interface Scale {
  readonly fromMs: number
  readonly toMs: number
}

function scaleOf(lineage: readonly AttemptCourse[], nowMs: number): Scale {
  const starts = lineage.flatMap(({ spans, submittedAtMs }) => [
    ...spans.slice(0, 1).map(({ fromMs }) => fromMs),
    ...(submittedAtMs === null ? [] : [submittedAtMs]),
  ])
  const ends = lineage.flatMap((course) => {
    const end = endOf(course, nowMs)
    // What is due is of interest while it is waited for.
    return isWaitedFor(course) && course.dueAtMs !== null ? [end, course.dueAtMs] : [end]
  })
  return { fromMs: Math.min(nowMs, ...starts), toMs: Math.max(...ends, 0) }
}

/** Nothing more happens to what is done: its bar ends there. */
function endOf({ spans }: AttemptCourse, nowMs: number): number {
  const last = spans.at(-1)
  if (last === undefined) return nowMs
  return last.toMs ?? (isDoneState(last.state) ? last.fromMs : nowMs)
}

function isWaitedFor({ spans }: AttemptCourse): boolean {
  const last = spans.at(-1)
  return last !== undefined && isWaitingForServer(last.state)
}

interface TimeBarProps {
  readonly course: AttemptCourse
  readonly scale: Scale
  readonly isChosen: boolean
  readonly isAlone: boolean
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

function TimeBar({ course, scale, isChosen, isAlone, nowMs, onChoose }: TimeBarProps) {
  const { index, attempt, spans, dueAtMs } = course
  const end = endOf(course, nowMs)
  const places = layOutSpans(
    spans.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? end })),
    scale.fromMs,
    scale.toMs,
  )
  const wholeMs = Math.max(1, scale.toMs - scale.fromMs)
  const showsDue = dueAtMs !== null && isWaitedFor(course)
  return (
    <div class="attempt">
      {!isAlone && (
        <p class="attempt-name">
          {attempt === 1 ? 'First attempt' : `Retry ${countText(attempt - 1)}`}{' '}
          {isChosen ? (
            <b>{index}</b>
          ) : (
            <button type="button" class="link" onClick={() => onChoose(index)}>
              {index}
            </button>
          )}
        </p>
      )}
      <div class="bar" aria-hidden="true">
        {spans.map((span, at) => (
          <span
            key={at}
            class={`span ${span.phase}`}
            style={{ left: percent(places[at]?.start), width: percent(places[at]?.length) }}
            title={spanTitle(span, end)}
          />
        ))}
        {showsDue && (
          <span
            class={dueAtMs < nowMs ? 'due is-past' : 'due'}
            style={{ left: percent((dueAtMs - scale.fromMs) / wholeMs) }}
            title={`Due ${fullTime(dueAtMs)}`}
          />
        )}
      </div>
      <ol class="milestones">
        {spans.length === 0 && <li class="quiet">No journal tells of it.</li>}
        {milestonesOf(spans, end)
          .slice(-mostMilestones)
          .map((milestone, at) => (
            <li key={at} title={milestone.map((span) => spanTitle(span, end)).join('\n')}>
              <span class={`dot ${milestone[0].phase}`} aria-hidden="true" />{' '}
              {milestoneText(milestone, end, course, nowMs)}
            </li>
          ))}
        {showsDue && (
          <li class={dueAtMs < nowMs ? 'is-past' : ''}>
            {dueAtMs < nowMs ? 'was due' : 'due'} <Moment atMs={dueAtMs} nowMs={nowMs} />
          </li>
        )}
      </ol>
    </div>
  )
}

const mostMilestones = 9

const percent = (part = 0): string => `${(part * 100).toFixed(3)}%`

const spentText = (spentMs: number): string => (spentMs < 1000 ? 'under 1 s' : elapsedText(spentMs))

function spanTitle({ state, fromMs, toMs, polls, problemCode }: CourseSpan, endMs: number): string {
  const parts = [
    `${state} for ${spentText((toMs ?? endMs) - fromMs)}`,
    `from ${fullTime(fromMs)}`,
    polls > 0 ? countOf(polls, 'poll') : '',
    problemCode ?? '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

/** `Downloading, checking ids, moving: each under 1 s`. */
function stepsText(milestone: Milestone): string {
  const names = milestone.map(({ state }) => stateWords(state).toLowerCase()).join(', ')
  return `${names.charAt(0).toUpperCase()}${names.slice(1)}: each under 1 s`
}

function milestoneText(
  milestone: Milestone,
  endMs: number,
  { answered, requests, submittedAtMs }: AttemptCourse,
  nowMs: number,
): string {
  const [{ state, phase, fromMs, toMs, polls, problemCode }] = milestone
  if (milestone.length > 1) return stepsText(milestone)
  const isServer = isWaitingForServer(state)
  if (isDoneState(state)) return `Done ${clockText(fromMs, nowMs)}`
  const isOfAnswers = isServer && answered !== null && requests !== null && requests > 0
  const parts = [
    `${stateWords(state, phase)} ${spentText((toMs ?? endMs) - fromMs)}`,
    isServer && submittedAtMs !== null ? `submitted ${clockText(submittedAtMs, nowMs)}` : '',
    polls > 0 ? countOf(polls, 'poll') : '',
    isOfAnswers ? `${countText(answered)} of ${countText(requests)} answered` : '',
    problemCode ?? '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}
