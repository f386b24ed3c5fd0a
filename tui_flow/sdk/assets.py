"""Assets: what flows produce, such as files and tables, and from which others, by Prefect's names.

A task that `@materialize` decorates tells of its assets when it has ended. What an asset is made from is told by
`asset_deps`, and found by itself: the assets of tasks whose results it got, also through tasks between them that
have none. Source of the rules: https://docs.prefect.io/v3/concepts/assets
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar, Unpack

from tui_flow.contract import journal
from tui_flow.sdk import definitions
from tui_flow.sdk.context import current
from tui_flow.sdk.exceptions import MissingContextError
from tui_flow.sdk.readable import as_json
from tui_flow.sdk.states import COMPLETED, FAILED
from tui_flow.sdk.tasks import Task

if TYPE_CHECKING:
    from tui_flow.sdk.options import TaskOptions
    from tui_flow.sdk.runs import RunTree, TaskRun
    from tui_flow.sdk.states import State

P = ParamSpec("P")
R = TypeVar("R")
MAX_KEY = 512
_KEY = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>\\^`{|}\x00-\x1f\x7f]+", re.IGNORECASE)
_DEPTH = 3
"""So deep in lists and dicts the results of other tasks are looked for in arguments."""
_NOBODYS = (type(None), bool, int, float, type(...))
"""Of values of these types nobody can say whose result they are."""


class AssetProperties:
    """What people want to know of an asset."""

    def __init__(
        self,
        name: str | None = None,
        description: str | None = None,
        owners: list[str] | None = None,
        url: str | None = None,
    ) -> None:
        self.name, self.description, self.url = name, description, url
        self.owners = None if owners is None else list(owners)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetProperties) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value is not None)
        return f"AssetProperties({told})"


class Asset:
    """An asset, by its key: a URI such as "s3://bucket/data.csv"."""

    def __init__(self, key: str, properties: AssetProperties | None = None) -> None:
        """Raises ValueError for a key that is no URI."""
        if not isinstance(key, str) or not _KEY.fullmatch(key) or len(key) > MAX_KEY:
            raise ValueError(
                f"an asset's key is a URI of up to {MAX_KEY} characters, such as s3://bucket/data.csv, not {key!r:.100}"
            )
        self.key, self.properties = key, properties

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Asset(key={self.key!r})"

    def __str__(self) -> str:
        return self.key

    def add_metadata(self, metadata: dict[str, Any]) -> None:
        """`add_asset_metadata` for this asset."""
        add_asset_metadata(self, metadata)


class MaterializingTask(Task[P, R]):
    """A task that produces assets."""

    def __init__(
        self,
        fn: Callable[P, R],
        assets: Iterable[str | Asset],
        materialized_by: str | None = None,
        **given: Unpack["TaskOptions"],
    ) -> None:
        """Raises as Task does, and ValueError for a key that is none."""
        super().__init__(fn, **given)
        self.assets = all_assets(assets)
        self.materialized_by = materialized_by

    def with_options(
        self, assets: Iterable[str | Asset] | None = None, **changes: Unpack["TaskOptions"]
    ) -> "MaterializingTask[P, R]":
        """The same function as a task with other options, and perhaps other assets."""
        options = definitions.changed_options(self, changes)
        by, now = self.materialized_by, self.assets if assets is None else assets
        return MaterializingTask(self.decorated, now, by, **options)


def materialize(
    *assets: str | Asset, by: str | None = None, **given: Unpack["TaskOptions"]
) -> Callable[[Callable[P, R]], MaterializingTask[P, R]]:
    """Makes a function a task that produces these assets; `by` is the tool that does. Takes the keywords of `@task`.

    Raises TypeError where no asset is named, ValueError for a key that is none.
    """
    if not assets or callable(assets[0]):
        raise TypeError("@materialize names what is produced: @materialize('s3://bucket/data.csv')")
    found = all_assets(assets)
    return lambda fn: MaterializingTask(fn, found, by, **given)


def add_asset_metadata(asset: str | Asset, metadata: dict[str, Any]) -> None:
    """Says more about an asset that the task at work produces, such as how many rows it has; later values count.

    Raises MissingContextError outside of tasks, ValueError for an asset that the task does not produce, or too much.
    """
    run = current.get()
    if run is None or run.kind != "task":
        raise MissingContextError(
            "add_asset_metadata() works only inside a task that @materialize decorates."
        )
    key = _asset(asset).key
    if key not in [one.key for one in run.definition.assets]:
        raise ValueError(f"task {run.definition.name!r} does not produce {key}: name it in its @materialize")
    if not isinstance(metadata, dict):
        raise ValueError(f"metadata is a dict, not {type(metadata).__name__}")
    told = as_json(metadata)
    if len(str(told)) > journal.MAX_PAYLOAD:
        raise ValueError(f"metadata of more than {journal.MAX_PAYLOAD:,} characters: make an artifact of it")
    run.tree.add_asset_metadata(run.number, key, told)


def all_assets(assets: Any) -> tuple[Asset, ...]:
    """Raises ValueError for a key that is none."""
    if isinstance(assets, (str, Asset)):
        assets = (assets,)
    return tuple(dict.fromkeys(map(_asset, assets)))


def _asset(asset: str | Asset) -> Asset:
    return asset if isinstance(asset, Asset) else Asset(asset)


class Lineage:
    """Which assets the task runs of a tree have made, or have had from others."""

    class Kept(NamedTuple):
        value: Any
        """Held, so that no other can get its `id()`."""
        keys: tuple[str, ...]

    def __init__(self) -> None:
        self._of_runs: dict[int, tuple[str, ...]] = {}
        self._of_values: dict[int, Lineage.Kept] = {}
        self.metadata: dict[tuple[int, str], dict[str, Any]] = {}

    def keep(self, run: "TaskRun", value: Any, keys: tuple[str, ...]) -> None:
        self._of_runs[run.number] = keys
        if not isinstance(value, _NOBODYS):
            self._of_values[id(value)] = self.Kept(value, keys)

    def above(self, run: "TaskRun") -> list[str]:
        """The assets that the run got, by its arguments and by what it waited for."""
        found: dict[str, None] = {}
        for future in run.upstream.futures:
            found.update(dict.fromkeys(self._of_runs.get(future.run.number, ())))
        for state in run.upstream.states:
            self._look(state.data, found, 0)
        for value in (*run.args, *run.kwargs.values()):
            self._look(value, found, _DEPTH)
        return list(found)

    def _look(self, value: Any, found: dict[str, None], depth: int) -> None:
        kept = self._of_values.get(id(value))
        if kept is not None:
            found.update(dict.fromkeys(kept.keys))
        elif depth and isinstance(value, (list, tuple, set, frozenset, dict)):
            for item in list(value.values() if isinstance(value, dict) else value)[:1000]:
                self._look(item, found, depth - 1)


def note(run: "TaskRun", state: "State[Any]", was_called: bool = True) -> None:
    """A task run has ended: tells of the assets that it made, and keeps which ones others get from it."""
    task, lineage = run.task, lineage_of(run.tree)
    declared = [asset.key for asset in all_assets(task.asset_deps or ())]
    upstream = list(dict.fromkeys([*declared, *lineage.above(run)]))
    if was_called and state.type in (COMPLETED, FAILED):
        for asset in task.assets:
            run.tree.record(_told(run, asset, state.type is COMPLETED, upstream, lineage))
    mine = tuple(asset.key for asset in task.assets) or tuple(upstream)
    if mine and state.type is COMPLETED:
        lineage.keep(run, state.data, mine)


def lineage_of(tree: "RunTree") -> Lineage:
    if tree.lineage is None:
        tree.lineage = Lineage()
    return tree.lineage


def _told(
    run: "TaskRun", asset: Asset, succeeded: bool, upstream: list[str], lineage: Lineage
) -> journal.AssetMaterialized:
    properties = asset.properties and {
        name: as_json(value) for name, value in vars(asset.properties).items() if value is not None
    }
    return journal.AssetMaterialized(
        time.time(), asset.key, run.number, succeeded, run.task.materialized_by, properties or None,
        lineage.metadata.get((run.number, asset.key)), [key for key in upstream if key != asset.key],
    )  # fmt: skip
