import { createRequire } from 'node:module'
import { buildApplication, buildRouteMap, type Application } from '@stricli/core'
import { acceptRoute } from './accept-route.js'
import { cleanRoute } from './clean-route.js'
import { exportRoute } from './export-route.js'
import { importRoute } from './import-route.js'
import { inspectRoute } from './inspect-routes.js'
import { demoRoute, planRoute, runRoute, statusRoute, unlockRoute, verifyRoute } from './routes.js'
import { adoptRoute, cancelRoute, retryRoute, submitRoute, watchRoute } from './server-routes.js'
import { usageRoute } from './usage-route.js'
import { workRoute } from './work-route.js'
import type { CommandLineContext } from './context.js'
import { programName, texts } from './texts.js'

/** The whole command line. What a command needs is loaded when it runs, so that `--help` is there at once. */
export function buildCommandLine(): Application<CommandLineContext> {
  return buildApplication(rootRoutes, {
    name: programName,
    versionInfo: { getCurrentVersion: async () => packageVersion() },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { caseStyle: 'convert-camel-to-kebab', useAliasInUsageLine: true },
    localization: { text: texts },
  })
}

const rootRoutes = buildRouteMap({
  routes: {
    import: importRoute,
    plan: planRoute,
    run: runRoute,
    submit: submitRoute,
    watch: watchRoute,
    work: workRoute,
    status: statusRoute,
    inspect: inspectRoute,
    export: exportRoute,
    verify: verifyRoute,
    usage: usageRoute,
    retry: retryRoute,
    accept: acceptRoute,
    cancel: cancelRoute,
    adopt: adoptRoute,
    clean: cleanRoute,
    unlock: unlockRoute,
    demo: demoRoute,
  },
  docs: {
    brief: 'Reconciles folders of OpenAI Batch API files',
    fullDescription: [
      'Reconciles folders of OpenAI Batch API files: every request accounted for exactly once.',
      '',
      'A workspace is a folder with a workdir/ in it, where batch_input_<index>.jsonl, batch_output_<index>.jsonl',
      'and batch_error_<index>.jsonl stand. `plan` says what a run would do, `run` does it.',
      '',
      '  $ batch-reconciler demo               # see it work on made-up files',
      '  $ batch-reconciler plan ./batches',
      '  $ batch-reconciler run ./batches',
      '  $ batch-reconciler submit ./batches requests.jsonl && batch-reconciler watch ./batches',
      '',
      'Exit codes: 0 done or pending; 1 a triple failed or needs a person; 2 wrong usage, nothing was touched;',
      '3 the workspace is locked; 130 stopped by Ctrl-C.',
    ].join('\n'),
  },
})

/** Found through the package itself: this file stands at another depth once it is compiled. */
function packageVersion(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)(
    'batch-reconciler/package.json',
  )
  return manifest.version
}
