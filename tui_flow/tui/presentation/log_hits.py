"""What a filter means for a search through logs, and who wrote what it found."""

from collections.abc import Mapping

from tui_flow.contract.log import KEEPER, STDERR, STDOUT
from tui_flow.store.log_search import ALL_LEVELS, Hit, LogQuery, Needle
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import filters
from tui_flow.tui.presentation.filters import Filter

LOGGERS = ("tui_flow.flow_runs", "tui_flow.task_runs", KEEPER, STDOUT, STDERR)
"""Those that every project has; all others are the author's."""
OF_RECORDS = ("text", "regex", "level", "since", "task", "logger")
"""What a filter can say about log records; all else is about their run."""


def query_of(filter: Filter, now: float) -> LogQuery:
    """What is to stand in the log."""
    levels, since = ALL_LEVELS, None
    for term in filter.of("level"):
        levels &= filters.levels_of(term)
    for term in filter.of("since"):
        if term.value and not term.is_not:
            since = max(since or 0.0, filters.since_of(term.value, now) or 0.0)
    loggers = tuple((term.value, term.is_not) for term in filter.of("logger") if term.value)
    return LogQuery(needles_of(filter), levels, since, loggers)


def needles_of(filter: Filter) -> tuple[Needle, ...]:
    """What is to stand in a record, or not to."""
    return tuple(
        Needle(term.value, term.field == "regex", term.is_not)
        for term in filter.of("text", "regex")
        if term.value
    )


def case_counts(filter: Filter) -> str:
    """What is said of a search in vain for a text that has a capital letter; nothing of any other."""
    is_strict = any(not needle.folds and not needle.is_not for needle in needles_of(filter))
    return "a capital letter makes the case count: small letters find any case" if is_strict else ""


def runs_filter(filter: Filter) -> Filter:
    """Which runs' logs are looked through."""
    return Filter(tuple(term for term in filter.terms if term.field not in OF_RECORDS))


def is_of_task(filter: Filter, names: tuple[str, ...]) -> bool:
    """Whether a line fits what the filter says about tasks; `names` are those of whoever wrote it and what called it."""
    return all(
        any(filters.fits_name(name, term.value) for name in names) is not term.is_not
        for term in filter.of("task")
        if term.value
    )


def writer(run: FlowRun, hit: Hit, names: Mapping[int, str]) -> str:
    """Who wrote a line: a task run, by its name in `names`, or the flow; empty where nobody can be named."""
    if not hit.task_run:
        return run.flow if hit.task_run == 0 else ""
    return names.get(hit.task_run, f"task {hit.task_run}")
