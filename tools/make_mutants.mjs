// The mutants of a script, made over TypeScript's tree: node make_mutants.mjs TYPESCRIPT.js SCRIPT.js
// Prints JSON as make_mutants.py does. One change each: another comparison or sign, "and" for "or", another number, a
// condition turned round, a statement left out.
import fs from "node:fs";
import { createRequire } from "node:module";

const [typescript, script] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(typescript);
const source = fs.readFileSync(script, "utf8");
const tree = ts.createSourceFile(script, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
const OTHER = {
  "===": ["!=="], "!==": ["==="], "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
  "&&": ["||"], "||": ["&&"], "??": ["&&"], "+": ["-"], "-": ["+"], "*": ["/"], "+=": ["-="], "||=": ["="],
};
const mutants = [];

function change(operator, node, start, end, text) {
  const { line } = tree.getLineAndCharacterOfPosition(start);
  const changed = source.slice(0, start) + text + source.slice(end);
  mutants.push({ operator, line: line + 1, before: source.split("\n")[line].trim(), after: changed.split("\n")[line].trim(), source: changed });
}

function visit(node) {
  const whole = [node.getStart(), node.getEnd()];
  if (ts.isBinaryExpression(node)) {
    const { operatorToken: token } = node;
    for (const text of OTHER[token.getText()] || []) change(`${token.getText()} to ${text}`, node, token.getStart(), token.getEnd(), text);
  }
  if (ts.isNumericLiteral(node)) change("another number", node, ...whole, String(Number(node.text) + 1));
  if (node.kind === ts.SyntaxKind.TrueKeyword) change("true to false", node, ...whole, "false");
  if (node.kind === ts.SyntaxKind.FalseKeyword) change("false to true", node, ...whole, "true");
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) change("no not", node, ...whole, node.operand.getText());
  if (ts.isIfStatement(node)) change("condition turned round", node, node.expression.getStart(), node.expression.getEnd(), `!(${node.expression.getText()})`);
  if (ts.isConditionalExpression(node)) change("condition turned round", node, node.condition.getStart(), node.condition.getEnd(), `!(${node.condition.getText()})`);
  if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) change("statement left out", node, ...whole, ";");
  ts.forEachChild(node, visit);
}
visit(tree);
process.stdout.write(JSON.stringify({ all: mutants.length, mutants }));
