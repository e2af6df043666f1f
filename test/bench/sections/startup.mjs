import { openEmptyWorkspace } from '../data/workspaces.mjs'
import { withoutTexts } from '../contenders/commands.mjs'
import { runNode } from '../measure/run-child.mjs'
import { addBuilds, costOf } from '../measure/summary.mjs'
import { pairedRatio, takeTurns } from '../measure/take-turns.mjs'
import { startup as goals } from '../report/goals.mjs'
import { costText } from '../report/report.mjs'

/** What it costs to start and do next to nothing, against Node that does nothing. */
export async function startup(bench) {
  const { options, products, report } = bench
  const root = openEmptyWorkspace(bench.folder('startup'))
  bench.say('start-up')
  const tasks = {
    help: (product) => [product.cli, '--help'],
    status: (product) => [product.cli, 'status', root],
    import: (product) => ['--input-type=module', '-e', `import ${JSON.stringify(product.libraryUrl)}`],
  }
  const contenders = { bare: startContender(bench, ['-e', '0']) }
  for (const [task, argsOf] of Object.entries(tasks)) {
    for (const product of products)
      contenders[`${task} ${product.label}`] = startContender(bench, argsOf(product))
  }
  const results = await takeTurns(contenders, options.rounds * 5)
  report.keep('start-up', 'all', results)
  for (const task of Object.keys(tasks)) addRow(report, products, results, task)
}

/** Without the meter: it would be a part of what is measured. */
function startContender({ node }, args) {
  return async () => withoutTexts(await runNode(node, args, { isMetered: false }))
}

const subjects = { help: '--help', status: 'status, empty workspace', import: 'import of the library' }

function addRow(report, products, results, task) {
  const place = { section: 'start-up', subject: subjects[task] }
  const nameOf = (product) => `${task} ${product.label}`
  const ours = results[nameOf(products[0])]
  report.add({
    ...place,
    figure: '× node -e 0, wall',
    seen: pairedRatio(ours, results.bare, 'wallMs'),
    goal: goals[task],
    ours: costText(costOf(ours)),
    theirs: costText(costOf(results.bare)),
  })
  addBuilds(report, place, products, results, nameOf)
}
