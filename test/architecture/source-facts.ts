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
