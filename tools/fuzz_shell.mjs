// Reads addresses and records as the page does, one JSON line each, and prints what the page makes of them:
//   node fuzz_shell.mjs SHELL TABLE        TABLE is a file with the table of settings that a build puts into the page
// {"address": TEXT} -> {"first": …, "again": …, "query": …}; {"record": VALUE} -> {"accepted": BOOLEAN, "why": …};
// {"text": TEXT} -> the same for a record as text. An error that is not the page's own sentence is "thrown".
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";

const [shell, tableFile] = process.argv.slice(2);
const table = JSON.parse(fs.readFileSync(tableFile, "utf8"));
const lab = { json: () => table, all: () => [], format: String };
const own = Object.getOwnPropertyNames(Object.prototype).length;
for (const name of ["schema", "state"]) {
  new Function("lab", "location", fs.readFileSync(path.join(shell, `${name}.js`), "utf8"))(lab, { search: "" });
}

function address(text) {
  const first = lab.state.read(text);
  const complaint = lab.state.complaint(first);
  const query = lab.state.write({ track: "cloud", part: "1", ...first });
  return { first, query, again: lab.state.read(query), complaint };
}

function record(value) {
  try {
    const read = lab.schema.read(value);
    return { accepted: true, keys: Object.keys(read.entries).length };
  } catch (error) {
    return error.constructor === Error ? { accepted: false, why: error.message } : { thrown: String(error.stack) };
  }
}

function salvage(value) {
  try {
    const { record: kept } = lab.schema.salvage(value);
    lab.schema.read(JSON.parse(JSON.stringify(kept)));
  } catch (error) {
    if (error.constructor !== Error) return { thrown: String(error.stack) };
  }
  return {};
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  let answer;
  try {
    const question = JSON.parse(line);
    if ("address" in question) answer = address(question.address);
    else answer = { ...record(structuredClone(question.record)), ...salvage(question.record) };
  } catch (error) {
    answer = { thrown: String(error.stack) };
  }
  if (Object.getOwnPropertyNames(Object.prototype).length !== own || {}.polluted !== undefined) answer.thrown = "Object.prototype was changed";
  console.log(JSON.stringify(answer));
}
