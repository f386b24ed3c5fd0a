"""Who asked for a run: another run ("run 812-5", the task run 5 of run 812 that stands for it there), a script that called
the flow itself, or somebody who debugs a run."""

SCRIPT = "script"
_DEBUGGER = "debugger of run "


def by_run(run_id: int, task_run: int = 0) -> str:
    """The `trigger` of a run that another one asks for. Without a task run nothing stands for it there."""
    return f"run {run_id}-{task_run}" if task_run else f"run {run_id}"


def by_debugger(run_id: int) -> str:
    """The `trigger` of a run in which somebody looks at what another one failed with."""
    return f"{_DEBUGGER}{run_id}"


def is_debugged(trigger: str, attempt: int) -> bool:
    """Whether somebody sits before it. Further attempts are the engine's."""
    return attempt == 1 and trigger.startswith(_DEBUGGER)


def is_by_itself(trigger: str, attempt: int) -> bool:
    """Whether the process that called the flow is its run, with no keeper."""
    return (attempt == 1 and trigger == SCRIPT) or is_debugged(trigger, attempt)


def parent_of(trigger: str) -> tuple[int, int] | None:
    """The run and the task run in it that a run belongs to as a subflow; None where it belongs to none."""
    kind, _, ids = trigger.partition(" ")
    run, _, task = ids.partition("-")
    return (int(run), int(task)) if kind == "run" and _is_number(run) and _is_number(task) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12
