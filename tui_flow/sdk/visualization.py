"""The structure of a flow, drawn without running its tasks: its body runs, and what it calls only notes that it was.

What a task gives while that happens is its `viz_return_value`, else something that stands for it, from which the tasks
are known that it goes into. Source of the rules:
https://docs.prefect.io/v3/how-to-guides/workflows/visualize-workflow-structure
"""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.sdk import context, params

if TYPE_CHECKING:
    from tui_flow.sdk.flows import Flow

__all__ = [
    "FlowVisualizationError",
    "GraphvizExecutableNotFoundError",
    "GraphvizImportError",
    "VisualizationUnsupportedError",
    "VizTask",
]

_SHARED_INTEGERS = range(-5, 257)
"""Python has these once, so that nobody can tell where one came from."""
_SHARED = frozenset({bool, type(None), type(...), type(NotImplemented)})
_HINT = (
    "It's possible you are trying to visualize a flow that contains code that directly interacts with the result of a "
    "task inside of the flow.\nTry passing a `viz_return_value` to the task decorator, e.g. "
    "`@task(viz_return_value=[1, 2, 3])`."
)


class FlowVisualizationError(Exception):
    """The flow cannot be drawn."""


class VisualizationUnsupportedError(Exception):
    """What is called cannot be drawn."""


class GraphvizImportError(Exception):
    """Never raised here: the program `dot` is all that drawing needs."""


class GraphvizExecutableNotFoundError(Exception):
    """Graphviz' program `dot` is not there."""


class VizTask:
    """Stands for what a task gives."""

    def __init__(self, name: str, upstream_tasks: "list[VizTask] | None" = None) -> None:
        self.name, self.upstream_tasks = name, upstream_tasks or []


class Drawing:
    """What is called while a flow is drawn."""

    def __init__(self) -> None:
        self.tasks: list[VizTask] = []
        self._counts: dict[str, int] = {}
        self._by_value: dict[int, tuple[Any, VizTask]] = {}
        """By `id()`, with the value, so that no other can get that."""

    def called(self, definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A task, or a nested flow. Gives what the call is to give; a coroutine of it, where it is to be awaited."""
        given = params.bind(definition.fn, args, kwargs).arguments.values()
        number = self._counts[definition.name] = self._counts.get(definition.name, -1) + 1
        node = VizTask(
            f"{definition.name}-{number}", [found for value in given if (found := self._task_of(value))]
        )
        self.tasks.append(node)
        value = getattr(definition, "viz_return_value", None)
        if value and type(value) not in _SHARED and not (type(value) is int and value in _SHARED_INTEGERS):
            self._by_value[id(value)] = (value, node)
        found = value or node
        return _awaited(found) if definition.isasync else found

    def refuse(self, what: str) -> None:
        """Raises VisualizationUnsupportedError."""
        raise VisualizationUnsupportedError(
            f"`task.{what}()` is not currently supported by `flow.visualize()`"
        )

    def _task_of(self, value: Any) -> VizTask | None:
        known = self._by_value.get(id(value))
        return value if isinstance(value, VizTask) else known[1] if known else None


async def _awaited(value: Any) -> Any:
    return value


@contextmanager
def _drawing(what: str) -> Iterator[Drawing]:
    warnings.warn(
        f"`flow.{what}()` will execute code inside of your flow that is not decorated with `@task` or `@flow`.",
        stacklevel=5,
    )
    before, context.drawing = context.drawing, Drawing()
    try:
        yield context.drawing
    except (VisualizationUnsupportedError, FlowVisualizationError):
        raise
    except Exception as error:
        try:
            told = type(error)(f"{error}\n{_HINT}")
        except Exception:  # its class wants other arguments
            told = FlowVisualizationError(f"{type(error).__name__}: {error}\n{_HINT}")
        raise told.with_traceback(error.__traceback__) from None
    finally:
        context.drawing = before


def drawn(flow: "Flow[Any, Any]", what: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Drawing:
    """What the flow's body calls."""
    with _drawing(what) as drawing:
        found: Any = flow.fn(*args, **kwargs)
        if flow.isasync:
            from tui_flow.sdk.effects import run_coroutine

            run_coroutine(found)
    return drawing


async def adrawn(flow: "Flow[Any, Any]", what: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Drawing:
    """`drawn`, for code that awaits it."""
    with _drawing(what) as drawing:
        found: Any = flow.fn(*args, **kwargs)
        if flow.isasync:
            await found
    return drawing


def mermaid(drawing: Drawing) -> str:
    """A Mermaid flowchart."""
    ids = {task: task.name.replace("-", "_").replace(" ", "_") for task in drawing.tasks}
    nodes = [f'    {ids[task]}["{task.name}"]' for task in drawing.tasks]
    edges = [f"    {ids[above]} --> {ids[task]}" for task in drawing.tasks for above in task.upstream_tasks]
    return "\n".join(["flowchart TD", *nodes, *edges])


def picture(drawing: Drawing, name: str) -> Path:
    """Has Graphviz draw it, into `<name>.png` in the current folder, and says so. Raises GraphvizExecutableNotFoundError,
    FlowVisualizationError."""
    path = Path(f"{name.replace('/', '_')}.png")
    try:
        done = subprocess.run(
            ["dot", "-Tpng", "-o", str(path)], input=_dot(drawing).encode(), capture_output=True, check=False
        )
    except FileNotFoundError:
        raise GraphvizExecutableNotFoundError(
            "flow.visualize() draws with Graphviz, whose program `dot` is not on the PATH: install it "
            "(https://graphviz.org/download/), or take flow.generate_mermaid_graph(), which needs nothing"
        ) from None
    if done.returncode:
        raise FlowVisualizationError(f"Graphviz: {done.stderr.decode('utf-8', 'replace').strip()[:500]}")
    sys.stderr.write(f"drawn: {path.absolute()}\n")
    return path


def _dot(drawing: Drawing) -> str:
    ids = {task: f"n{number}" for number, task in enumerate(drawing.tasks)}
    nodes = [f'{id} [label="{_quoted(task.name)}"]' for task, id in ids.items()]
    edges = [f"{ids[above]} -> {ids[task]}" for task in drawing.tasks for above in task.upstream_tasks]
    return "\n".join(["digraph {", *nodes, *edges, "}"])


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
