// Compile zip archives of Python sources to .pyc, with Pyodide itself: the byte code must be that of its Python.
//
//   node compile.mjs PYODIDE_DIR JOBS.json      JOBS: [{ "from": zip, "to": zip, "prefix": where it will lie }];
//                                               prints "compiled" after each module
//   node compile.mjs PYODIDE_DIR                one path of a JOBS.json a line of standard input; answers "done" or
//                                               what is wrong, and "failed"
//
// A module `a/b.py` becomes `a/b.pyc` without its source, its docstrings emptied; other files are copied.
// Archives are stored, not deflated: they are compressed as a whole, and imported without unpacking each
// module. The same sources give the same bytes: fixed times, sorted names, .pyc that compare no source time.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const [folder, jobsFile] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(folder, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ indexURL: resolve(folder) + "/", env: { HOME: "/", PYTHONHASHSEED: "0", PYTHONNODEBUGRANGES: "1" } });

pyodide.runPython(`
import ast, importlib.util, io, marshal, warnings, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

DOCUMENTED = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef

def compiled(source, filename):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source, filename)
        for node in ast.walk(tree):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                node.body[0].value.value = ""  # a string all the same: NumPy and Bokeh build on theirs
        code = compile(tree, filename, "exec", dont_inherit=True, optimize=0)
    code = marshal.loads(marshal.dumps(code))
    return bytes(_code_to_hash_pyc(code, importlib.util.source_hash(source), False))

def compile_archive(data, prefix, said):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name.endswith(".py"):
                content, name = compiled(content, prefix + name), name + "c"
                said()
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return out.getvalue()
`);
const compileArchive = pyodide.globals.get("compile_archive");
const work = (file, said) => {
  try {
    for (const { from, to, prefix } of JSON.parse(readFileSync(file, "utf8"))) {
      const source = pyodide.toPy(new Uint8Array(readFileSync(from)));
      writeFileSync(to, compileArchive(source.tobytes(), prefix, said).toJs());
    }
    return true;
  } catch (error) {
    console.error(error.message); // without the line of pyodide.asm.js that Node would show, a megabyte long
    return false;
  }
};
if (jobsFile) {
  if (!work(jobsFile, () => console.log("compiled"))) process.exitCode = 1;
} else {
  for await (const line of createInterface({ input: process.stdin })) console.log(work(line, () => {}) ? "done" : "failed");
}
