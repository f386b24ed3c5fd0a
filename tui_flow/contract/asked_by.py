"""Who asked for a run, where another run did: "run 812-5", the task run 5 of run 812 that stands for it there."""


def by_run(run_id: int, task_run: int = 0) -> str:
    """The `trigger` of a run that another one asks for. Without a task run nothing stands for it there."""
    return f"run {run_id}-{task_run}" if task_run else f"run {run_id}"


def parent_of(trigger: str) -> tuple[int, int] | None:
    """The run and the task run in it that a run belongs to as a subflow; None where it belongs to none."""
    kind, _, ids = trigger.partition(" ")
    run, _, task = ids.partition("-")
    return (int(run), int(task)) if kind == "run" and _is_number(run) and _is_number(task) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12
