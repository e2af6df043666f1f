import ts from 'typescript59'

/** Every module a source text names: static, dynamic and type-only imports, re-exports and `import()` types. */
export function importsOf(text: string): readonly string[] {
  return [...nodesOf(text)].flatMap((node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier)
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal)
    if (ts.isCallExpression(node) && isModuleCall(node)) return textOf(node.arguments[0])
    return []
  })
}

/** What ties a source text to the outside world: clocks, chance, I/O globals and state that outlives a call. */
export function impuritiesOf(text: string): readonly string[] {
  return [...nodesOf(text)].flatMap((node) => {
    if (ts.isIdentifier(node) && outsideGlobals.has(node.text) && !isMemberName(node)) return [node.text]
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random') return ['Math.random']
    if (ts.isElementAccessExpression(node) && node.expression.getText() === 'Math') return [node.getText()]
    if (isMutableModuleVariable(node)) return [`module state: ${node.getText()}`]
    return []
  })
}

/**
 * State paths of a machine that a source text spells: alone or inside a longer text. A path of one common word, such
 * as `failed`, is also an outcome and a server's status; it counts where it is said of a `state`.
 */
export function statePathsIn(text: string, paths: readonly string[]): readonly string[] {
  const spelled = paths.filter((path) => /[.-]/.test(path))
  return [...nodesOf(text)].flatMap((node) => {
    if (!isText(node)) return []
    const words = node.text.match(/[a-z]+(?:[.-][a-z]+)*/g) ?? []
    if (words.some((word) => spelled.includes(word))) return [node.getText()]
    return paths.includes(node.text) && isSaidOfState(node) ? [node.getText()] : []
  })
}

const isText = (node: ts.Node): node is ts.LiteralLikeNode =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)

/** `x.state === 'failed'`, `state: 'failed'`, `stateOf(x, 'failed')`, `const doneState = 'done'`. */
function isSaidOfState(node: ts.Node): boolean {
  const { parent } = node
  if (ts.isBinaryExpression(parent)) {
    return isNameOfState(parent.left === node ? parent.right : parent.left)
  }
  if (ts.isPropertyAssignment(parent) || ts.isVariableDeclaration(parent)) return isNameOfState(parent.name)
  if (ts.isCallExpression(parent)) return parent.expression !== node && isNameOfState(parent.expression)
  return ts.isConditionalExpression(parent) && isSaidOfState(parent)
}

/** The last name of it speaks of a state: `state`, `summary.state`, `waitingState`. */
const isNameOfState = (node: ts.Node): boolean =>
  /\b(state|\w*State)$/.test(node.getText().replace(/\W+$/, ''))

const outsideGlobals = new Set([
  'Date',
  'process',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'console',
  'fetch',
  'performance',
  'crypto',
  'globalThis',
  'global',
  'require',
  'Buffer',
])

function* nodesOf(text: string): Generator<ts.Node> {
  const open: ts.Node[] = [ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2023, true)]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node
    ts.forEachChild(node, (child) => void open.push(child))
  }
}

const textOf = (node: ts.Node | undefined): readonly string[] =>
  node !== undefined && ts.isStringLiteralLike(node) ? [node.text] : []

const isModuleCall = ({ expression }: ts.CallExpression): boolean =>
  expression.kind === ts.SyntaxKind.ImportKeyword || expression.getText() === 'require'

/** A name after a dot, or of a member or a key: it is called so, and does not refer to the global. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  return (
    (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)) &&
    parent.name === node
  )
}

const isMutableModuleVariable = (node: ts.Node): boolean =>
  ts.isVariableStatement(node) &&
  ts.isSourceFile(node.parent) &&
  (node.declarationList.flags & ts.NodeFlags.Const) === 0
