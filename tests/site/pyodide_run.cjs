// Run Python in the bundled runtime: node pyodide_run.cjs RUNTIME_DIR CODE NAME=FOLDER ...
// Each folder of this machine appears in Python's file system as /NAME.
const { readFileSync } = require("node:fs");
const path = require("node:path");

const [runtime, code, ...folders] = process.argv.slice(2);
const { loadPyodide } = require(path.join(runtime, "pyodide.js"));
const site = "/lib/python3.13/site-packages";

(async () => {
  const pyodide = await loadPyodide({ indexURL: runtime + path.sep, stdLibURL: path.join(runtime, "python_stdlib.zip") });
  pyodide.unpackArchive(new Uint8Array(readFileSync(path.join(runtime, "numpy.zip"))), "zip", { extractDir: site });
  for (const folder of folders) {
    const at = folder.indexOf("=");
    const mount = `/${folder.slice(0, at)}`;
    pyodide.FS.mkdirTree(mount);
    pyodide.mountNodeFS(mount, folder.slice(at + 1));
  }
  pyodide.runPython(code);
})().catch((error) => {
  console.error(String(error.message || error).slice(-4000));
  process.exitCode = 1;
});
