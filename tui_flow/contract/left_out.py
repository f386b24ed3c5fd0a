"""What a run does not do itself. Tasks are left out by what whoever starts it says: patterns of names to skip, or the only
ones to run. Calls are not made again that an earlier attempt made."""

from collections.abc import Collection, Iterable

WHY = "left out by whoever started the run"
DONE_BEFORE = "An earlier attempt gave this result."
"""Of a call that a rerun did not make again. One of a run that went on after a pause or a crash says something else: the
work is that run's own."""


def is_undone(message: str) -> bool:
    """Whether a task run that ended with this message was no work of its run."""
    return message in (WHY, DONE_BEFORE)


def matches(task: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns is the task's name, or stands for it: "load", "load_*"."""
    from fnmatch import fnmatchcase

    return any(fnmatchcase(task, pattern) for pattern in patterns)


def unmatched(patterns: Iterable[str], tasks: Collection[str]) -> list[str]:
    """Those of the patterns that no task is called by."""
    return [pattern for pattern in patterns if not any(matches(task, [pattern]) for task in tasks)]


def contradiction(skip: Collection[str], only: Iterable[str]) -> str:
    """What is wrong where a task is the only one to run, and to be left out; empty where none is."""
    both = next((one for one in only if matches(one, skip)), None)
    return "" if both is None else f"{both} cannot be both skipped and the only one to run"


def as_pattern(task: str) -> str:
    """The pattern that stands for one name alone."""
    from glob import escape

    return escape(task)


def is_left_out(task: str, skip: Iterable[str], only: Iterable[str]) -> bool:
    """Of a task that a flow calls. What another task calls belongs to that one, and `only` does not leave it out."""
    only = list(only)
    return matches(task, skip) or (bool(only) and not matches(task, only))


def in_words(skip: Iterable[str], only: Iterable[str]) -> str:
    """What is left out: "load, mail_*", "all but extract"; empty for nothing."""
    parts = [", ".join(skip), f"all but {', '.join(only)}" if only else ""]
    return "; ".join(filter(None, parts))
