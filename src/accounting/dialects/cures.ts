import type { Dialect } from './dialect.js'

type Cure = Dialect['cure']

/** Runs a filter over the file. The file is replaced only when the filter ended well. */
export function through(filter: string): Cure {
  return (file) => `Convert it in place: ${filter} < ${file} > ${file}.new && mv ${file}.new ${file}`
}

/** A sentence that needs no name of the file, or names it itself. */
export function advice(words: string | ((file: string) => string)): Cure {
  return (file) => (typeof words === 'string' ? words : words(file))
}

/**
 * Rewrites the tokens of a JSON-like text with Node, which everybody who runs this has. Texts between double quotes
 * are matched first and kept, and so is every digit: a parser would round numbers that a double cannot hold.
 *
 * @param pattern further tokens to look at, as the source of a regular expression
 * @param replacement what becomes of such a token `m`, as JavaScript without single quotes
 */
function rewrite(pattern: string, replacement: string): Cure {
  const text = String.raw`"[^"\\]*(?:\\[^][^"\\]*)*"`
  return through(
    `node -e 'let b=0;process.stdout.write(require("fs").readFileSync(0,"utf8").replace(/${text}|${pattern}/g,m=>m[0]=="\\""?m:${replacement}))'`,
  )
}

/** Makes a line of each object that stands in no other, whatever stands between them. */
export const oneObjectPerLine = rewrite(
  String.raw`[{}\[\],]|\s+|\\n`,
  String.raw`m=="{"?(b++,m):m=="}"?--b?m:m+"\n":b&&m.trim()?m:""`,
)

/** No text means these words: JSON has no number that is none. */
export const noNumberToNull = rewrite(String.raw`-?\b(?:NaN|Infinity)\b`, '"null"')

export const withoutComments = rewrite(String.raw`\/\/.*|\/\*[^]*?\*\/`, '""')

export const withoutTrailingCommas = rewrite(String.raw`,(?=\s*[}\]])`, '""')

/** JSON allows no control characters in a text; the line break of a text is written as two characters. */
export const escapedControls: Cure = through(
  String.raw`node -e 'process.stdout.write(require("fs").readFileSync(0,"utf8").replace(/"[^"\\]*(?:\\[^][^"\\]*)*"/g,m=>m.replace(/[\0-\x1f]/g,c=>JSON.stringify(c).slice(1,-1))))'`,
)

/** Whoever has Python literals has Python; only it reads all of them. The words of JSON may stand among them. */
export const pythonToJson: Cure = through(
  `python3 -c 'import ast,json,sys;W={"null":None,"NaN":None,"nan":None,"true":True,"false":False};J=type("J",(ast.NodeTransformer,),{"visit_Name":lambda s,n:ast.Constant(W[n.id])})();[print(json.dumps(ast.literal_eval(J.visit(ast.parse(l.strip(),mode="eval"))))) for l in sys.stdin if l.strip()]'`,
)

export const downloadAgain = advice(
  (file) => `It holds no rows. Remove ${file} and get it from its server again`,
)

export const quotedIds: Cure = through(
  String.raw`sed -E 's/("custom_id"[[:space:]]*:[[:space:]]*)(-?[0-9]+)/\1"\2"/'`,
)
