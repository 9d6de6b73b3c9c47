"""A key for the result of Python code, which changes only if the meaning of the code changes.

A `Walk` starts at one function and follows, definition by definition, everything that it can reach in the project's
own modules: names, imports at the top of a file or inside a function, absolute and relative, re-exports of packages,
and modules imported by name. The key is a hash of the syntax trees that it reached. Comments, docstrings, layout,
annotations (except those that define the fields of a dataclass), the names of local variables and the form of an
import are not part of the key, and neither is code that cannot be reached. So a module can be moved or typed, and a
variable renamed, without computing its results again for minutes. If it is unclear what can be reached (a module used
as a value, `getattr` on a module, a computed import), the whole module, or the whole package, counts.

The values of NumPy and of the standard library are not examined.
"""

import ast
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

FORMAT = "2"  # part of every key: a different way to write trees down needs a different format
OPAQUE = ("globals", "locals", "vars", "exec", "eval")  # these reach everything in their module
UNSPOKEN = (
    "ctx",
    "kind",
    "type_comment",
    "type_ignores",
    "type_params",
    "returns",
)  # fields of a tree that mean nothing here
SPOKEN_TYPES = ("ClassVar", "InitVar", "KW_ONLY")  # annotations that change a dataclass
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Module:
    """One parsed file.

    Attributes
    ----------
    name : str
        Dotted.
    package : str
        The package from which its relative imports count.
    bound : dict of str to list
        Name -> the statements at the top of the file that may bind it.
    imports : dict of str to (str, str or None)
        Name -> module, and the name that is taken from it.
    stars : list of str
        Modules from which all names are taken.
    loads : list of (str, str or None)
        Everything that is imported when this module is.
    effects : list
        Statements that bind nothing and run when the module is imported.
    """

    name: str
    package: str
    bound: dict = field(default_factory=dict)
    imports: dict = field(default_factory=dict)
    stars: list = field(default_factory=list)
    loads: list = field(default_factory=list)
    effects: list = field(default_factory=list)


class Sources:
    """The project's own modules, below some folders; each is parsed when it is first needed."""

    def __init__(self, *folders):
        self.folders = [Path(folder) for folder in folders]
        self._modules = {}
        self._written = {}

    def written(self, module, statement):
        """The `Writer` of a statement, which has written it down; made once for all walks."""
        if id(statement) not in self._written:
            self._written[id(statement)] = Writer(self, module, statement)
        return self._written[id(statement)]

    def path(self, name):
        """The file of a module, or None if it is not one of the project's."""
        for folder in self.folders:
            base = folder.joinpath(*name.split("."))
            for path in (base / "__init__.py", base.with_name(base.name + ".py")):
                if path.is_file():
                    return path
        return None

    def module(self, name):
        """The parsed `Module`, or None if it is not one of the project's."""
        if name not in self._modules:
            path = self.path(name)
            if path is not None:
                self._modules[name] = parse(name, path)
            else:  # a folder without __init__.py is an empty package
                plain = any(folder.joinpath(*name.split(".")).is_dir() for folder in self.folders)
                self._modules[name] = Module(name, name) if plain else None
        return self._modules[name]

    def below(self, package):
        """Names of a package and of all modules in it."""
        names = {package}
        for folder in self.folders:
            for path in folder.joinpath(*package.split(".")).rglob("*.py"):
                parts = path.relative_to(folder).with_suffix("").parts
                names.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        return sorted(name for name in names if self.module(name))

    def look_up(self, name, attribute, seen=()):
        """Resolve an attribute of a module.

        Returns ("definition", module, name), ("module", name), ("external", name) or None.
        """
        module = self.module(name)
        if module is None:
            return "external", f"{name}.{attribute}"
        if attribute in module.bound:
            return "definition", name, attribute
        if (name, attribute) in seen:
            return None
        seen = (*seen, (name, attribute))
        if attribute in module.imports:
            return self.target(*module.imports[attribute], seen)
        if self.module(f"{name}.{attribute}"):
            return "module", f"{name}.{attribute}"
        for star in module.stars:
            resolved = self.look_up(star, attribute, seen) if self.module(star) else None
            if resolved:
                return resolved
        return None

    def target(self, name, attribute, seen=()):
        """Resolve an import."""
        if attribute is not None:
            return self.look_up(name, attribute, seen) or ("unknown", name)
        return ("module", name) if self.module(name) else ("external", name)


def parse(name, path):
    """Sort the statements at the top of a file by what they bind."""
    module = Module(name, name if path.name == "__init__.py" else name.rpartition(".")[0])
    for statement in ast.parse(path.read_bytes(), str(path)).body:
        if isinstance(statement, ast.If) and _is_main(statement.test):
            continue
        imports, stars, loads = imports_in(statement, module.package, inside=False)
        module.imports |= imports
        module.stars += stars
        module.loads += loads
        names = _binds(statement)
        for bound in names:
            module.bound.setdefault(bound, []).append(statement)
        plain = isinstance(statement, (*DEFINITIONS, ast.Import, ast.ImportFrom)) or _is_text(statement)
        if not plain and (not names or _changes(statement)) and not (imports and not names):
            module.effects.append(statement)
    return module


def imports_in(statement, package, inside=True):
    """The imports of a statement: name -> (module, attribute or None); star imports; and all that is loaded."""
    imports, stars, loads = {}, [], []
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                loads.append((alias.name, None))
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                imports[alias.asname or top] = (top, None)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node.module or "", node.level, package)
            for alias in node.names:
                loads.append((base, alias.name))
                if alias.name == "*":
                    stars.append(base)
                else:
                    imports[alias.asname or alias.name] = (base, alias.name)
        elif inside or not isinstance(node, DEFINITIONS):
            waiting += ast.iter_child_nodes(node)
    return imports, stars, loads


def absolute(name, level, package):
    """The absolute name of a module that a package imports with `level` dots."""
    if not level:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *filter(None, [name])])


def _is_main(test):
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _is_text(statement):
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _binds(statement):
    """Names that a statement at the top of a file binds, except those of imports."""
    if isinstance(statement, DEFINITIONS):
        return {statement.name}
    names, waiting = set(), [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, DEFINITIONS):
            names.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            waiting += ast.iter_child_nodes(node)
    return names


def _changes(statement):
    """Whether a statement changes an object that another one bound: `table["a"] = 1`, `thing.name = 2`."""
    return any(
        isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load)
        for node in ast.walk(statement)
    )


class Walk:
    """Everything that can be reached from some definitions.

    Attributes
    ----------
    definitions : dict
        (module, name) -> a hash of its code, and the names of the project that it uses.
    strings : set of str
        Every string in the code that was reached, among them the names of files that are read.
    """

    def __init__(self, sources):
        self.sources = sources
        self.definitions = {}
        self.strings = set()
        self._loaded = set()
        self._waiting = []

    def visit(self, entry):
        """Follow everything that `"module:function"` reaches."""
        name, _, function = entry.partition(":")
        module = self.sources.module(name)
        if module is None or function not in module.bound:
            raise ValueError(f"there is no {function} in {name}")
        self._waiting.append((name, function))
        while self._waiting:
            self._take(*self._waiting.pop())

    def key(self, *more):
        """A hash of everything that was reached, and of some more bytes."""
        digest = hashlib.sha256(FORMAT.encode())
        texts = {definition: text for definition, (text, _) in self.definitions.items()}
        lines = (
            repr((text, sorted(texts[definition] for definition in refers if definition in texts)))
            for text, refers in self.definitions.values()
        )
        for line in sorted(lines):
            digest.update(line.encode())
        for part in more:
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()[:16]

    def _take(self, name, attribute):
        self._load(name)
        module = self.sources.module(name)
        if attribute is None:
            self._waiting += [(name, bound) for bound in module.bound]
        elif (name, attribute) not in self.definitions:
            self._write((name, attribute), module, module.bound[attribute])

    def _load(self, name):
        """Note the import of a module: its packages, its own imports, and the statements that run then."""
        if name in self._loaded or self.sources.module(name) is None:
            return
        self._loaded.add(name)
        parts = name.split(".")
        for length in range(1, len(parts)):
            self._load(".".join(parts[:length]))
        module = self.sources.module(name)
        for base, attribute in module.loads:
            self._load(base)
            if attribute not in (None, "*"):
                self._load(f"{base}.{attribute}")
        if module.effects:
            self._write((name, ""), module, module.effects)

    def _write(self, definition, module, statements):
        writers = [self.sources.written(module, statement) for statement in statements]
        texts = [writer.text for writer in writers]
        refers = set().union(*(writer.refers for writer in writers)) - {definition}
        self.definitions[definition] = hashlib.sha256(repr(texts).encode()).hexdigest(), refers
        for writer in writers:
            self.strings |= writer.strings
            for base, attribute in writer.loads:
                self._load(base)
                if attribute not in (None, "*"):
                    self._load(f"{base}.{attribute}")
        self._waiting += refers


class Writer:
    """Write one statement down, and note the names of the project that it uses."""

    def __init__(self, sources, module, statement):
        self.sources, self.module = sources, module
        inside = isinstance(statement, DEFINITIONS)
        self.own, _, self.loads = imports_in(statement, module.package) if inside else ({}, [], [])
        self.refers, self.strings = set(), set()
        self._attributes = set()  # annotated names of classes, by the identity of their statements
        self._local = {}  # name in an enclosing function, which hides that of the module -> how it is written
        self._fixed = fixed_names(statement)
        self._numbers = 0  # of local variables written so far
        self.text = self._node(statement)  # nested tuples of names and constants

    def _node(self, node):
        if isinstance(node, list):
            items = (item for item in node if not (isinstance(item, ast.stmt) and self._silent(item)))
            return tuple(self._node(item) for item in items)
        if not isinstance(node, ast.AST):
            return repr(node)
        if isinstance(node, (ast.Name, ast.Attribute)):
            chain = _chain(node)
            if chain:
                return self._named(chain)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.strings.add(node.value)
        if isinstance(node, ast.Call):
            self._dynamic(node)
        if isinstance(node, ast.ClassDef):  # in a class, an annotated name is a field, even without a value
            self._attributes |= {id(item) for item in node.body if isinstance(item, ast.AnnAssign)}
        if isinstance(node, ast.AnnAssign) and id(node) not in self._attributes:
            node = ast.Assign([node.target], node.value)
        fields = ((name, self._field(node, name, getattr(node, name, None))) for name in node._fields)
        return (type(node).__name__, *((name, text) for name, text in fields if text is not None))

    def _field(self, node, name, value):
        """One field of a node, in the scope that it belongs to; None if it means nothing."""
        if name in UNSPOKEN or value is None or value == []:
            return None
        if name == "annotation" and not any(word in ast.unparse(value) for word in SPOKEN_TYPES):
            return None
        opens = isinstance(node, FUNCTIONS) and name == "body"
        if not opens and not isinstance(node, COMPREHENSIONS):
            return self._node(value)
        around, outside = self._local, None
        if name == "generators":  # the first iterable belongs to the enclosing scope
            outside = self._node(value[0].iter)
        self._local = around | {name: [name] if name in self._fixed else [] for name in own_names(node)}
        try:
            return outside, self._node(value)
        finally:
            self._local = around

    def _silent(self, statement):
        if isinstance(statement, ast.AnnAssign) and statement.value is None:
            return id(statement) not in self._attributes
        return isinstance(statement, (ast.Import, ast.ImportFrom)) or _is_text(statement)

    def _named(self, chain):
        """Resolve a name, or a name of a name, to the thing that it stands for."""
        first, *rest = chain
        if first in self._local and first not in self.own:
            return ("name", self._variable(first), *rest)
        if first in self.own or (first in self.module.imports and first not in self.module.bound):
            resolved = self.sources.target(*(self.own.get(first) or self.module.imports[first]))
        elif first in self.module.bound:
            resolved = ("definition", self.module.name, first)
            if first in self.module.imports:  # if an import may fail, the name may be either
                self._refer(self.sources.target(*self.module.imports[first]))
        else:
            if first in OPAQUE:
                self.refers.add((self.module.name, None))
            for star in self.module.stars:
                resolved = self.sources.look_up(star, first) if self.sources.module(star) else None
                if resolved:
                    break
            else:
                return ("name", *chain)
        while resolved[0] == "module" and rest:
            deeper = self.sources.look_up(resolved[1], rest[0])
            if deeper is None:
                resolved = "unknown", resolved[1]
                break
            resolved, rest = deeper, rest[1:]
        self._refer(resolved)
        if resolved[0] == "definition":
            return ("name", resolved[2], *rest)
        if resolved[0] == "external":
            return ("name", *resolved[1].split("."), *rest)
        return (resolved[0], *rest)

    def _variable(self, name):
        """The number of a local variable in the order of their first use, in place of its name."""
        if not self._local[name]:
            self._numbers += 1
            self._local[name].append(self._numbers)
        return self._local[name][0]

    def _refer(self, resolved):
        if resolved[0] == "definition":
            self.refers.add(resolved[1:])
        elif resolved[0] in ("module", "unknown"):
            self.refers.add((resolved[1], None))

    def _dynamic(self, call):
        """Note a module that is imported by name: that module, all that the name can mean, or the whole package."""
        chain = _chain(call.func) or [""]
        imported_name = {**self.module.imports, **self.own}.get(chain[0])
        imported = imported_name in (("importlib", None), ("importlib", "import_module"))
        if not (chain[-1] == "__import__" or (imported and chain[-1] in ("import_module", chain[0]))):
            return
        argument = call.args[0] if call.args else None
        parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        start = parts[0].value if isinstance(parts[0], ast.Constant) else ""
        level = len(start) - len(start.lstrip("."))
        start = absolute(start.lstrip("."), level, self.module.package)
        if isinstance(argument, ast.Constant):
            names = [start] if self.sources.module(start) else []
        else:
            package = start.rpartition(".")[0] or self.module.name.partition(".")[0]
            names = self.sources.below(package)
        self.refers |= {(name, None) for name in names}


def own_names(scope):
    """The local names of a function or a comprehension."""
    if isinstance(scope, COMPREHENSIONS):
        targets = [node for generator in scope.generators for node in ast.walk(generator.target)]
        return {node.id for node in targets if isinstance(node, ast.Name)}
    names, shared, waiting = {arg.arg for arg in ast.walk(scope.args) if isinstance(arg, ast.arg)}, set(), []
    waiting += scope.body if isinstance(scope.body, list) else [scope.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            shared |= set(node.names)
        elif isinstance(node, DEFINITIONS):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            names.add(node.name)
        if isinstance(node, COMPREHENSIONS):
            inside = [child for child in ast.walk(node) if isinstance(child, ast.NamedExpr)]
            names |= {child.target.id for child in inside}
        elif not isinstance(node, (*DEFINITIONS, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return names - shared


def fixed_names(statement):
    """Local names that other code may use: parameters, class attributes, nested definitions; all if code inspects them.

    A name that a tree holds as text (of an exception, a pattern, `nonlocal`) is fixed too.
    """
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(
            node, (*DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)
        ):
            names.add(node.rest if isinstance(node, ast.MatchMapping) else node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            names |= set(node.names)
        elif isinstance(node, ast.Name) and node.id in OPAQUE:
            return {child.id for child in ast.walk(statement) if isinstance(child, ast.Name)} | names
        if isinstance(node, ast.ClassDef):
            names |= set().union(*(_binds(item) for item in node.body))
    return names


def _chain(node):
    """["a", "b", "c"] of `a.b.c`, or None."""
    names = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else None
