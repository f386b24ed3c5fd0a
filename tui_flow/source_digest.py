"""Digests of functions from the text of their files: nothing is imported, nothing is run.

A function's digest covers the syntax tree of the function, and of every function, class and constant of the project
that it names, and that those name. Comments, layout, docstrings and the options of `@task` and `@flow` do not count,
so that a raised number of retries, or a mended neighbour, leaves it as it is.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from tui_flow.contract.version import is_own

Chain = tuple[str, ...]
"""A name with the attributes that are asked of it: `helpers.clean` is ("helpers", "clean")."""
_TASKS = frozenset({"task", "materialize"})
_OURS = _TASKS | {"flow"}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Names:
    """What a piece of code names, and what it binds itself."""

    def __init__(self) -> None:
        self.used: set[Chain] = set()
        self.bound: set[str] = set()
        self.imports: list[ast.Import | ast.ImportFrom] = []


def free_names(node: ast.AST) -> tuple[set[Chain], list[ast.Import | ast.ImportFrom]]:
    """What a definition or an expression takes from the module around it, and the imports inside of it."""
    names = Names()
    _visit(node, names)
    return names.used, names.imports


def _visit(node: ast.AST, names: Names) -> None:
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            names.used.add((node.id,))
        else:
            names.bound.add(node.id)
    elif isinstance(node, ast.Attribute):
        _visit_attribute(node, names)
    elif isinstance(node, _SCOPES):
        _visit_scope(node, names)
    elif isinstance(node, _COMPREHENSIONS):
        _visit(node.generators[0].iter, names)
        _merge(_inside(ast.iter_child_nodes(node)), names, keeps_bound=False)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        names.imports.append(node)
        names.bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        names.used |= {((alias.asname or alias.name).split(".")[0],) for alias in node.names}
    else:
        if isinstance(node, (ast.MatchAs, ast.MatchStar, ast.ExceptHandler)) and node.name:
            names.bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.bound.add(node.rest)
        for child in ast.iter_child_nodes(node):
            _visit(child, names)


def _visit_attribute(node: ast.Attribute, names: Names) -> None:
    chain, root = [node.attr], node.value
    while isinstance(root, ast.Attribute):
        chain.append(root.attr)
        root = root.value
    if isinstance(root, ast.Name):
        names.used.add((root.id, *reversed(chain)))
    else:
        _visit(root, names)


def _visit_scope(node: ast.AST, names: Names) -> None:
    """A function or class inside: what it does not bind itself comes from around it."""
    outside: list[ast.AST] = list(getattr(node, "decorator_list", []))
    if isinstance(node, ast.ClassDef):
        names.bound.add(node.name)
        outside += [*node.bases, *(keyword.value for keyword in node.keywords)]
        inside = _inside(node.body)
        inside.bound.clear()  # what a class binds is not seen by its methods
    else:
        assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        if not isinstance(node, ast.Lambda):
            names.bound.add(node.name)
            outside += [node.returns] if node.returns else []
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one]
        outside += [one.annotation for one in every if one.annotation]
        outside += [*arguments.defaults, *(one for one in arguments.kw_defaults if one)]
        body: Iterable[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else node.body
        inside = _inside(body)
        inside.bound |= {one.arg for one in every}
        inside.bound -= set(_declared_global(body))
    for one in outside:
        _visit(one, names)
    _merge(inside, names, keeps_bound=False)


def _inside(nodes: Iterable[ast.AST]) -> Names:
    names = Names()
    for node in nodes:
        _visit(node, names)
    return names


def _merge(inside: Names, names: Names, keeps_bound: bool) -> None:
    imported = {name for one in inside.imports for name in _bound_by_import(one)}
    names.used |= {chain for chain in inside.used if chain[0] not in inside.bound or chain[0] in imported}
    names.imports += inside.imports
    if keeps_bound:
        names.bound |= inside.bound


def _declared_global(body: Iterable[ast.AST]) -> Iterator[str]:
    for part in body:
        for node in ast.walk(part):
            if isinstance(node, ast.Global):
                yield from node.names


def _bound_by_import(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [(alias.asname or alias.name).split(".")[0] for alias in node.names]


class _Normaliser(ast.NodeTransformer):
    """Takes out what does not change what the code does."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [one for one in node.decorator_list if not _is_ours(one)]
        return self._without_docstring(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.decorator_list = [one for one in node.decorator_list if not _is_ours(one)]
        return self._without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._without_docstring(node)

    def _without_docstring(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        first = node.body[0]
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
        self.generic_visit(node)
        return node


def _is_ours(decorator: ast.AST) -> bool:
    """`@task`, `@flow(…)`, `@prefect.task(…)`, and hooks such as `@load.on_failure`, which change no result."""
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    name = _name_of(decorator)
    return name in _OURS or (isinstance(decorator, ast.Attribute) and name.startswith("on_"))


def _name_of(decorator: ast.AST) -> str:
    """The last name of it: "task" of `@prefect.task(retries=3)`."""
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    return decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")


def tasks_in(text: str) -> list[str]:
    """The qualified names of the tasks that a file defines, in classes too. Raises SyntaxError."""
    found = []
    for node in ast.parse(text).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        scope = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        found += [
            f"{scope}{one.name}"
            for one in inside
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
            and any(_name_of(decorator) in _TASKS for decorator in one.decorator_list)
        ]
    return found


class Module:
    """The top level of one file: what binds each name."""

    def __init__(self, path: str, text: str) -> None:
        """Raises SyntaxError."""
        self.path = path
        self.tree = ast.parse(text)
        self.bindings: dict[str, list[ast.AST]] = {}
        self.stars: list[ast.ImportFrom] = []
        _Normaliser().visit(self.tree)
        self._bind(self.tree.body)

    def _bind(self, body: Iterable[ast.AST]) -> None:
        for node in body:
            if isinstance(node, ast.If) and _is_main_guard(node):
                self._bind(node.orelse)
            elif isinstance(node, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
                for name in _targets(node):
                    self._add(name, node)
                for block in ("body", "orelse", "finalbody"):
                    self._bind(getattr(node, block, []))
                for handler in getattr(node, "handlers", []):
                    self._bind(handler.body)
            elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                self.stars.append(node)
            else:
                for name in _targets(node):
                    self._add(name, node)

    def _add(self, name: str, node: ast.AST) -> None:
        self.bindings.setdefault(name, []).append(node)

    def find(self, qualname: str) -> list[ast.AST]:
        """The definitions of that name. A method stands for its whole class, one in a function is looked for there."""
        first, *rest = qualname.split(".")
        found = self.bindings.get(first, [])
        if "<locals>" not in rest:
            return found
        for name in [part for part in rest if part != "<locals>"]:
            inner = [node for outer in found for node in _own_nodes(outer)]
            found = [
                node for node in inner if getattr(node, "name", None) == name and isinstance(node, _SCOPES)
            ]
            if found and isinstance(found[0], ast.ClassDef):
                break
        return found


def _own_nodes(outer: ast.AST) -> Iterator[ast.AST]:
    return (node for node in ast.walk(outer) if node is not outer)


def _is_main_guard(node: ast.If) -> bool:
    test = node.test
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _targets(node: ast.AST) -> list[str]:
    """The module's names that a statement binds, or changes the value of."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return _bound_by_import(node)
    if isinstance(node, ast.Assign):
        targets: list[ast.AST] = list(node.targets)
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.For)):
        targets = [node.target]
    elif isinstance(node, ast.With):
        targets = [item.optional_vars for item in node.items if item.optional_vars]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        targets = [node.value.func] if isinstance(node.value.func, ast.Attribute) else []
    else:
        return []
    return [name for target in targets for name in _roots(target)]


def _roots(target: ast.AST) -> list[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for item in target.elts for name in _roots(item)]
    while isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred, ast.Call)):
        target = target.func if isinstance(target, ast.Call) else target.value
    return [target.id] if isinstance(target, ast.Name) else []


def roots_of(project: str, flow_file: str) -> list[str]:
    """The folders that modules of the project are imported from, as a run has them in its path."""
    folder = [str(Path(flow_file).parent)] if flow_file else []
    return [*folder, project, str(Path(project) / "src")]


class SourceDigests:
    """Digests of functions in the files of one project."""

    def __init__(self, project: str, roots: Iterable[str], read: Callable[[str], str | None]) -> None:
        """`roots` are the folders that modules are imported from; `read` gives a file's text, None where there is
        none, or where it is not known."""
        self._project = project
        self._roots = [Path(root) for root in dict.fromkeys(roots)]
        self._read = read
        self._modules: dict[str, Module | None] = {}

    def digest(self, path: str, qualname: str) -> str:
        """Empty where the file, or that definition in it, cannot be told."""
        module = self._module(path)
        if module is None or not module.find(qualname):
            return ""
        seen: dict[tuple[str, str], str] = {}
        try:
            self._take(module, qualname, seen)
        except _Unknown:
            return ""
        whole = "\n".join(
            f"{name} {text}" for (_, name), text in sorted(seen.items(), key=lambda one: one[0][1:])
        )
        return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _module(self, path: str) -> Module | None:
        if path not in self._modules:
            text = self._read(path)
            try:
                self._modules[path] = None if text is None else Module(path, text)
            except (SyntaxError, ValueError, RecursionError):
                self._modules[path] = None
        return self._modules[path]

    def _take(self, module: Module, name: str, seen: dict[tuple[str, str], str]) -> None:
        """The definition of a name, and of all that it names."""
        key = (module.path, name)
        if key in seen:
            return
        nodes = module.find(name)
        if not nodes:
            seen[key] = self._from_star(module, name, seen)
            return
        seen[key] = ""
        own = []
        for node in nodes:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                own.append(self._imported(module, node, name, (), seen))
                continue
            own.append(_text(node))
            used, imports = free_names(node)
            inner = {bound: one for one in imports for bound in _bound_by_import(one)}
            for chain in sorted(used):
                if chain[0] in inner:
                    own.append(self._imported(module, inner[chain[0]], chain[0], chain[1:], seen))
                elif chain[0] != name:
                    own.append(self._take_chain(module, chain, seen))
        seen[key] = "|".join(own)

    def _take_chain(self, module: Module, chain: Chain, seen: dict[tuple[str, str], str]) -> str:
        found = module.bindings.get(chain[0], [])
        if found and all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in found):
            parts = [self._imported(module, node, chain[0], chain[1:], seen) for node in found]  # type: ignore[arg-type]
            return "|".join(parts)
        if found or module.stars:
            self._take(module, chain[0], seen)
        return ".".join(chain[:1])

    def _imported(
        self,
        module: Module,
        node: ast.Import | ast.ImportFrom,
        name: str,
        rest: Chain,
        seen: dict[tuple[str, str], str],
    ) -> str:
        """What an import binds to a name: takes it where it is the project's, and tells what it is."""
        for alias in node.names:
            if (alias.asname or alias.name).split(".")[0] != name:
                continue
            if isinstance(node, ast.Import):
                dotted = alias.name if alias.asname else name
                return self._from_module(module, dotted, 0, rest, seen)
            return self._from_module(module, node.module or "", node.level, (alias.name, *rest), seen)
        return name

    def _from_module(
        self, module: Module, dotted: str, level: int, rest: Chain, seen: dict[tuple[str, str], str]
    ) -> str:
        path = self._find(module, dotted, level)
        said = f"{'.' * level}{dotted}:{'.'.join(rest[:1])}"
        if path is None:
            return said
        while rest and (deeper := self._find(module, f"{dotted}.{rest[0]}".lstrip("."), level)) is not None:
            dotted, rest, path = f"{dotted}.{rest[0]}".lstrip("."), rest[1:], deeper
        found = self._module(path)
        if found is None:
            raise _Unknown
        if rest:
            self._take(found, rest[0], seen)
        else:
            seen[(path, "")] = _text(found.tree)
            for name in list(found.bindings):
                self._take(found, name, seen)
        return said

    def _from_star(self, module: Module, name: str, seen: dict[tuple[str, str], str]) -> str:
        for node in module.stars:
            path = self._find(module, node.module or "", node.level)
            found = self._module(path) if path else None
            if path and found is None:
                raise _Unknown
            if found is not None and (found.find(name) or found.stars):
                self._take(found, name, seen)
        return name

    def _find(self, module: Module, dotted: str, level: int) -> str | None:
        """The file of a module of the project, or None for any other."""
        if level:
            folder = Path(module.path).parent
            for _ in range(level - 1):
                folder = folder.parent
            folders = [folder]
        else:
            folders = self._roots
        for folder in folders:
            base = folder.joinpath(*dotted.split(".")) if dotted else folder
            for path in (base / "__init__.py", base.with_name(base.name + ".py")):
                if is_own(str(path), self._project) and path.is_file():
                    return str(path)
        return None


class _Unknown(Exception):
    """A file of the project that the code needs cannot be read as it was."""


def _text(node: ast.AST) -> str:
    return ast.dump(node, annotate_fields=False)
