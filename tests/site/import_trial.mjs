// Start the bundled runtime in Node and use it: node import_trial.mjs RUNTIME_DIR PYODIDE_MJS PYTHON_FILE
// Prints one JSON line: what the Python file's last expression was, and seconds for each step.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [runtime, mjs, script] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(mjs)).href);
globalThis.XMLHttpRequest = class {}; // Panel takes it from the browser at import
const seconds = {};
let last = performance.now();
const mark = (step) => {
  seconds[step] = (performance.now() - last) / 1000;
  last = performance.now();
};
const pyodide = await loadPyodide({
  indexURL: resolve(mjs, "..") + "/",
  stdLibURL: resolve(runtime, "python_stdlib.zip"),
  env: { HOME: "/", PANEL_CDN_ROOT: "./panel/" },
});
mark("load");
const site = "/lib/python3.13/site-packages";
for (const name of ["numpy.zip", "site-packages.zip"]) {
  pyodide.unpackArchive(new Uint8Array(readFileSync(resolve(runtime, name))), "zip", { extractDir: site });
  mark(name);
}
try {
  const value = pyodide.runPython(readFileSync(script, "utf8"));
  mark("script");
  console.log(JSON.stringify({ value, seconds }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message, seconds }));
  process.exitCode = 1;
}
