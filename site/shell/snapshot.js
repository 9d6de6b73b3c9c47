// A snapshot of Python after everything is imported and built: taken on the first visit, restored on the next.
// Pyodide's own snapshot has the interpreter's memory. NumPy's binary modules need more: the address of each module and
// the position of each function in the table. JavaScript objects that Python holds are stored by name.
// This depends on the internals of Pyodide 0.29 and Emscripten. If something does not fit, the code throws an error,
// and the caller starts Python in the ordinary way. Runs inside the worker.
"use strict";

lab.snapshot = function snapshot() {
  /** Offsets of the fields in Emscripten's record of a loaded library, in bytes from its handle. */
  const FIELDS = { memoryBase: 12, memorySize: 16, tableBase: 20, tableSize: 24 };
  /** The number of entries at the start of the table of JavaScript objects that Pyodide fills itself. */
  const OWN_OBJECTS = 7;
  const MAIN = 0; // the handle of the interpreter itself among the libraries
  // No garbage may be collected between restoring the memory and restoring the functions that the collector calls.
  const SETTLE = "import gc\ngc.collect()\ngc.freeze()\ngc.disable()";
  const GO_ON = "gc.enable()\nimport random\nrandom.seed()";

  const need = (condition, reason) => {
    if (!condition) throw new Error(`The kept Python does not fit: ${reason}`);
  };

  /** Objects that Python may hold, in addition to those that Pyodide restores itself: name -> object. */
  const named = (pyodide, own) => ({
    loadPackage: pyodide.loadPackage, pyodide, install: pyodide._api.install, loadBinaryFile: pyodide._api.loadBinaryFile, ...own,
  });

  /** The loaded binary modules, in the order in which they were loaded. */
  function libraries(M) {
    const loaded = Object.entries(M.LDSO.loadedLibsByHandle).filter(([handle]) => Number(handle) !== MAIN);
    return loaded.map(([text, { name, global }]) => {
      const handle = Number(text);
      need(!global, `${name} shares its symbols`);
      const places = Object.entries(FIELDS).map(([field, offset]) => [field, M.HEAPU32[(handle + offset) >> 2]]);
      return { name, handle, ...Object.fromEntries(places) };
    }).sort((a, b) => a.tableBase - b.tableBase);
  }

  /** The functions that were put into the table one by one: place -> [handle of the library, name]. */
  function placed(M, loaded, from) {
    const block = loaded.flatMap(({ tableBase, tableSize }) => Array.from({ length: tableSize }, (_, i) => tableBase + i));
    const inBlock = new Set(block);
    const found = {};
    for (const handle of [MAIN, ...loaded.map((library) => library.handle)]) {
      for (const [name, candidate] of Object.entries(M.LDSO.loadedLibsByHandle[handle].exports)) {
        const place = typeof candidate === "function" ? M.getFunctionAddress(candidate) : 0;
        if (place >= from && !inBlock.has(place)) found[place] = [handle, name];
      }
    }
    for (let place = from; place < M.wasmTable.length; place++) {
      const known = inBlock.has(place) || (found[place] && M.wasmTable.get(place) === M.LDSO.loadedLibsByHandle[found[place][0]].exports[found[place][1]]);
      need(known || M.wasmTable.get(place) === null, `nobody knows function ${place}`);
    }
    return found;
  }

  /** The places of named JavaScript objects: [place, name]. Empties freed places, as Pyodide expects. */
  function held(M, names) {
    const found = [];
    for (let place = OWN_OBJECTS; ; place++) {
      let object;
      try {
        object = M.__hiwire_get(place);
      } catch {
        return found; // the end of the table
      }
      if (object === undefined) M.__hiwire_set(place, null);
      const [name] = Object.entries(names).find(([, known]) => known === object) || [];
      if (name) found.push([place, name]);
    }
  }

  /**
   * Takes a snapshot of Python, which then continues as before.
   * @param {any} pyodide loaded with `_makeSnapshot`
   * @param {number} start length of the function table when Pyodide had just been loaded
   * @param {Record<string, any>} own objects of this page that Python holds, by name
   */
  function take(pyodide, start, own) {
    const M = pyodide._module;
    pyodide.runPython(SETTLE);
    const packages = { ...pyodide.loadedPackages };
    for (const name of Object.keys(packages)) delete pyodide.loadedPackages[name]; // Pyodide requires an empty list
    try {
      const loaded = libraries(M);
      const names = named(pyodide, own);
      const objects = held(M, names);
      const serializer = (object) => {
        need(Object.values(names).includes(object), "Python holds an unknown object");
        return null; // restored by place
      };
      const symbols = Object.entries(M.GOT).map(([name, symbol]) => [name, symbol.value]);
      const memory = pyodide.makeMemorySnapshot({ serializer });
      return { memory, places: { start, size: M.wasmTable.length, loaded, functions: placed(M, loaded, start), symbols, objects, packages } };
    } finally {
      Object.assign(pyodide.loadedPackages, packages);
      pyodide.runPython("gc.enable()");
    }
  }

  /** Loads one binary module again at its old address: its code new, its data from the saved memory. */
  function putBack(M, module, { name, handle, memoryBase, memorySize, tableBase, tableSize }) {
    const data = M.HEAPU8.slice(memoryBase, memoryBase + memorySize);
    let exports = null;
    const stubs = {};
    const main = M.LDSO.loadedLibsByHandle[MAIN].exports;
    const find = (symbol) => (symbol in main && !main[symbol].stub ? main[symbol] : exports[symbol]);
    const environment = /** @type {WebAssembly.ModuleImports} */ (new Proxy(stubs, {
      get(_, symbol) {
        if (symbol === "__memory_base") return memoryBase;
        if (symbol === "__table_base") return tableBase;
        if (symbol in main && !main[symbol].stub) return main[symbol];
        stubs[symbol] ??= (...given) => find(symbol)(...given); // the module's own function, which does not exist yet
        return stubs[symbol];
      },
    }));
    const offsets = /** @type {WebAssembly.ModuleImports} */ (new Proxy({}, M.GOTHandler));
    const instance = new WebAssembly.Instance(module, { "GOT.mem": offsets, "GOT.func": offsets, env: environment, wasi_snapshot_preview1: environment });
    exports = M.relocateExports(instance.exports, memoryBase);
    M.HEAPU8.set(data, memoryBase); // the new instance has just written its initial data there
    M.updateTableMap(tableBase, tableSize);
    const library = M.newDSO(name, handle, exports);
    library.global = false;
  }

  /**
   * Restores what Pyodide does not restore itself.
   * @param {any} pyodide loaded with `_loadSnapshot`
   * @param {any} places as `take` returned them
   * @param {(name: string) => WebAssembly.Module} compiled the code of a binary module
   * @param {Record<string, any>} own objects of this page that Python holds, by name
   */
  function restore(pyodide, places, compiled, own) {
    const M = pyodide._module;
    need(M.wasmTable.length === places.start, "the table of functions starts differently");
    M.wasmTable.grow(places.size - places.start);
    for (const library of places.loaded) putBack(M, compiled(library.name), library);
    for (const [place, [handle, name]] of Object.entries(places.functions)) {
      M.setWasmTableEntry(Number(place), M.LDSO.loadedLibsByHandle[handle].exports[name]);
      M.updateTableMap(Number(place), 1);
    }
    for (const [name, value] of places.symbols) M.GOTHandler.get({}, name).value = value;
    const names = named(pyodide, own);
    for (const [place, name] of places.objects) M.__hiwire_set(place, names[name]);
    Object.assign(pyodide.loadedPackages, places.packages);
    pyodide.runPython(GO_ON);
  }

  return { take, restore };
};
