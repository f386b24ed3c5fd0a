"""`flow.from_source`: a flow of a file that lies elsewhere on this machine."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract.errors import BrokenFlow, broken_file
from tui_flow.sdk import flow_file
from tui_flow.sdk.exceptions import MissingFlowError, UnsupportedFeature

if TYPE_CHECKING:
    from tui_flow.sdk.flows import Flow


def flow_from(source: Any, entrypoint: str) -> "Flow[..., Any]":
    """The flow that `entrypoint` ("etl.py:daily", or "etl.py" where it has one) names below the folder `source`.

    Raises UnsupportedFeature for a source that is not on this machine, BrokenFlow for a file that is not there or
    does not import, MissingFlowError where it has no such flow.
    """
    if not isinstance(source, (str, os.PathLike)) or "://" in str(source) or str(source).startswith("git@"):
        raise UnsupportedFeature(
            f"from_source() does not fetch {source!r}",
            next="clone it, and name the folder: from_source('work', …)",
        )
    path, _, name = entrypoint.rpartition(":")
    file = Path(source, path or name).expanduser().resolve()
    flows = flow_file.flows_of(_module(file))
    if not path and len(flows) == 1:
        return next(iter(flows.values()))
    found = flows.get(name) or next((flow for flow in flows.values() if flow.name == name), None)
    if path and found is not None:
        return found  # type: ignore[no-any-return]
    raise MissingFlowError(
        f"the file has no flow {name!r}" if path else "the file has several flows",
        where=str(file),
        next=f"its flows: {', '.join(flows) or 'none'}",
    )


def load_flow_from_entrypoint(entrypoint: str, use_placeholder_flow: bool = True) -> "Flow[..., Any]":  # noqa: ARG001
    """The flow that "etl.py:daily" names, from the current folder. Raises as `flow_from` does."""
    return flow_from(".", entrypoint)


def _module(file: Path) -> Any:
    """The file as a module; what this process is busy with otherwise stays what it is."""
    before = flow_file.loaded, flow_file.importing
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    try:
        return flow_file.load(file, flow_file.read_source(file))
    except BrokenFlow:
        raise
    except Exception as error:
        what, failure = flow_file.explain(error, file)
        raise broken_file(what, str(file), failure.line) from error
    finally:
        flow_file.loaded, flow_file.importing = before
