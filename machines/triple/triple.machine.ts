import type { ActorRefFrom, SnapshotFrom } from 'xstate'
import { tagsOf } from '../state-paths.js'
import { awaitingOnlineFiles } from './awaiting-online-files.js'
import { checkingIds } from './checking-ids.js'
import { initialTripleContext } from './context.js'
import { deciding } from './deciding.js'
import { movingToDone } from './moving-to-done.js'
import { processingErrors, processingOutputs } from './processing.js'
import { tripleSetup } from './setup.js'
import { submitting } from './submitting.js'

/**
 * One triple, from whatever stands on disk to `done/`. The machine decides and never acts: every effect is a
 * named actor. Its state is rebuilt from the disk at each start, so being stopped anywhere is normal.
 */
export const tripleMachine = tripleSetup.createMachine({
  id: 'triple',
  context: ({ input }) => initialTripleContext(input),
  initial: 'deciding',
  states: {
    deciding,
    'missing-input': {
      description: 'Answers are here and the input is not. A person has to put it back.',
      tags: tagsOf('missing-input'),
      on: { 'triple.rescan': { target: 'deciding', actions: 'forgetLooks' } },
    },
    submitting,
    'awaiting-online-files': awaitingOnlineFiles,
    'checking-ids': checkingIds,
    'processing-errors': processingErrors,
    'processing-outputs': processingOutputs,
    'moving-to-done': movingToDone,
    failed: {
      description: 'Parked with a problem. Nothing after the failed step ran.',
      tags: tagsOf('failed'),
      on: {
        'triple.rescan': { target: 'deciding', actions: 'forgetLooks' },
        'triple.retry': { target: 'deciding', actions: 'forgetLooks' },
      },
    },
    done: { description: 'Every file stands in `done/`.', type: 'final', tags: tagsOf('done') },
  },
})

export type TripleActor = ActorRefFrom<typeof tripleMachine>
export type TripleSnapshot = SnapshotFrom<typeof tripleMachine>
