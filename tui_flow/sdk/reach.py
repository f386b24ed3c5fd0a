"""Which calls of a flow may get other values than before, told from the flow file's text alone: nothing is run.

It follows names: from the parameters that are others, and from what calls that run again give, through assignments,
loops, branches and the functions of the file. It tells too much rather than too little, and None where the text
hides what a name stands for.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator

_HIDING = frozenset({"eval", "exec", "globals", "locals", "vars"})
_NO_ARGUMENTS = frozenset({"wait_for", "return_state"})
"""Keywords that no digest of arguments takes in."""
_BUILTINS = frozenset(dir(builtins))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def reached(source: str, function: str, parameters: Iterable[str], again: Iterable[str]) -> set[str] | None:
    """The names of what is called with values that may be others, where the flow `function` gets other `parameters`, and
    the functions named in `again` run again. None where that cannot be told."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    if _HIDING & set(_names(module)):
        return None
    search = _Search(module, set(again))
    if function not in search.functions:
        return None
    search.tainted[function] |= set(parameters)
    try:
        search.run()
    except RecursionError:
        return None
    return search.reached


def imports(source: str) -> dict[str, str]:
    """What is imported by name (`from a.b import c as d`): the name here, and the first part of the module's, which is
    empty for one beside the file."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    return {
        alias.asname or alias.name: "" if node.level else (node.module or "").partition(".")[0]
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


class _Search:
    def __init__(self, module: ast.Module, again: set[str]) -> None:
        self.functions: dict[str, Function] = {
            node.name: node for node in ast.walk(module) if isinstance(node, Function)
        }
        self.tainted: dict[str, set[str]] = {name: set() for name in self.functions}
        """The names in each function that may stand for other values."""
        self.reached: set[str] = set()
        self._uncertain: set[str] = set()
        """Functions that may be called another number of times."""
        self._again = again
        """Functions whose value may be another, whatever they are called with."""
        self._modules = {
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(module)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        self._aliases: dict[str, set[str]] = {}
        for node in ast.walk(module):
            if isinstance(node, ast.Assign):
                for name in _variables(node.targets):
                    self._aliases.setdefault(name, set()).update(_handed_over([node.value]))

    def run(self) -> None:
        """Goes over all functions until nothing new is found."""
        before = -1
        while (size := self._size()) != before:
            before = size
            for name, function in self.functions.items():
                for statement in function.body:
                    self._look_at(statement, self.tainted[name], name, name not in self._uncertain)

    def _size(self) -> int:
        return (
            len(self.reached) + len(self._uncertain) + len(self._again) + sum(map(len, self.tainted.values()))
        )

    def _look_at(self, node: ast.AST, tainted: set[str], owner: str, certain: bool) -> None:
        """`certain`: whether it is done as often as before, and in the same order."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            around = tainted - set(_parameters(node))
            self.tainted[node.name] |= around
            return
        if isinstance(node, ast.Call):
            has_other_arguments = self._has_other_arguments(node, tainted)
            if has_other_arguments or not certain:
                self._reach(node, certain)
            if has_other_arguments:  # such as list.append
                tainted |= {name for name in _variables([node.func]) if self._may_change(name)}
        if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)) and self._is_other(node.value, tainted):
            self._again.add(owner)
        for targets, value in _assignments(node):
            if not certain or self._is_other(value, tainted):
                tainted |= set(_variables(targets))
        certain = certain and not any(self._is_other(test, tainted) for test in _conditions(node))
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)) and _is_left_early(node):
            inner = [test for one in ast.walk(node) for test in _conditions(one)]
            certain = certain and not any(self._is_other(test, tainted) for test in inner)
        for child in ast.iter_child_nodes(node):
            self._look_at(child, tainted, owner, certain)

    def _is_other(self, node: ast.AST | None, tainted: set[str]) -> bool:
        if node is None:
            return False
        return not tainted.isdisjoint(_variables([node])) or not self._again.isdisjoint(_names(node))

    def _has_other_arguments(self, call: ast.Call, tainted: set[str]) -> bool:
        given = [*call.args, *(word.value for word in call.keywords if word.arg not in _NO_ARGUMENTS)]
        if isinstance(call.func, ast.Attribute) and not tainted.isdisjoint(_variables([call.func.value])):
            return True
        return any(self._is_other(one, tainted) for one in given)

    def _may_change(self, name: str) -> bool:
        return name not in _BUILTINS and name not in self._modules

    def _reach(self, call: ast.Call, certain: bool) -> None:
        """What a call names gets other values, or is called another number of times; its value may be another, too."""
        for name in self._meant(_called(call)):
            if name not in self.functions and not self._may_change(name):
                continue
            self.reached.add(name)
            if name in self.functions:
                if not certain:
                    self._uncertain.add(name)
                self._again.add(name)
                self.tainted[name] |= set(_parameters(self.functions[name]))

    def _meant(self, names: Iterable[str]) -> set[str]:
        """The names, and the functions that they may stand for."""
        found: set[str] = set()
        left = list(names)
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left.extend(self._aliases.get(name, ()))
        return found


def _names(node: ast.AST) -> Iterator[str]:
    """All names and attributes in it."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr


def _called(call: ast.Call) -> Iterator[str]:
    """What a call calls, as far as it is named here: itself, and what it hands over to be called."""
    yield from _names(call.func)
    yield from _handed_over([*call.args, *(word.value for word in call.keywords)])


def _handed_over(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names in there that are not called there themselves."""
    left = list(nodes)
    while left:
        one = left.pop()
        if isinstance(one, ast.Name):
            yield one.id
        is_called = isinstance(one, ast.Call) and getattr(one.func, "attr", "") != "with_options"
        left += [*one.args, *one.keywords] if is_called else ast.iter_child_nodes(one)  # type: ignore[attr-defined]


def _is_left_early(loop: ast.AST) -> bool:
    return any(isinstance(one, (ast.Break, ast.Continue)) for one in ast.walk(loop))


def _parameters(function: Function) -> Iterator[str]:
    for one in ast.walk(function.args):
        if isinstance(one, ast.arg):
            yield one.arg


def _variables(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names of variables: of what is assigned to, also of what an attribute or item is assigned of."""
    for node in nodes:
        for one in ast.walk(node):
            if isinstance(one, ast.Name):
                yield one.id


def _assignments(node: ast.AST) -> "Iterator[tuple[list[ast.expr], ast.AST | None]]":
    if isinstance(node, ast.Assign):
        yield node.targets, node.value
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        yield [node.target], node.value
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        yield [node.target], node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield [node.optional_vars], node.context_expr


def _conditions(node: ast.AST) -> "Iterator[ast.AST]":
    """What decides whether, and how often, what is inside of it happens."""
    if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
        yield node.test
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        yield node.iter
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        for one in node.generators:
            yield from (one.iter, *one.ifs)
    elif isinstance(node, ast.Match):
        yield node.subject
    elif isinstance(node, ast.BoolOp):
        yield from node.values
