"""The tasks that whoever started the run does not want called."""

from typing import TYPE_CHECKING, Any

from tui_flow.contract.left_out import is_left_out, matches

if TYPE_CHECKING:
    from tui_flow.contract.rundir import RunSpec
    from tui_flow.sdk.runs import TaskRun


class LeftOut:
    """Goes with the run into other processes."""

    def __init__(self, skip: list[str], only: list[str], asked: list[str]) -> None:
        """`asked` are those that a rerun names, and so wants after all."""
        self._skip, self._only, self._asked = skip, only, asked
        self._known: dict[tuple[str, bool], bool] = {}

    def has(self, run: "TaskRun") -> bool:
        """Whether this call is not to be made."""
        name, is_of_a_task = run.task.name, _is_inside_of_a_task(run)
        found = self._known.get((name, is_of_a_task))
        if found is None:
            only = [] if is_of_a_task else self._only
            found = is_left_out(name, self._skip, only) and not matches(name, self._asked)
            self._known[name, is_of_a_task] = found
        return found


def left_out_of(spec: "RunSpec") -> LeftOut | None:
    """None where all tasks are called, which is then asked no more."""
    if not spec.skip and not spec.only:
        return None
    return LeftOut(spec.skip, spec.only, [*spec.rerun_from, *spec.rerun_only])


def _is_inside_of_a_task(run: "TaskRun") -> bool:
    at: Any = run.parent
    while at is not None:
        if at.kind == "task":
            return True
        at = at.parent
    return False
