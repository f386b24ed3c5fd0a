"""Logs of a run: `get_run_logger`, `log_prints`, and the handler by which every logger's records reach the run's log."""

import builtins
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tui_flow.safe import safe_lines
from tui_flow.sdk.context import current, live_roots
from tui_flow.sdk.exceptions import MissingContextError
from tui_flow.sdk.masking import masker

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, TaskRun

ENV_LEVELS = ("TUI_FLOW_LOGGING_LEVEL", "PREFECT_LOGGING_LEVEL")
"""The level of run loggers, INFO where neither is set. Source of Prefect's variables:
https://docs.prefect.io/v3/advanced/logging-customization"""
ENV_LEVEL_OF = "PREFECT_LOGGING_LOGGERS_PREFECT_{kind}_LEVEL"
ENV_EXTRA = "PREFECT_LOGGING_EXTRA_LOGGERS"
"""Other packages' loggers that have the level, too, separated by commas."""
_root = "tui_flow"
"""Of the loggers of runs, as authors know it: "prefect" where they import that."""

_LoggerAdapter = logging.LoggerAdapter[logging.Logger]


def get_run_logger(context: Any = None, **extra: Any) -> _LoggerAdapter:
    """The logger of the task run, or else of the flow run, that the caller is in.

    Its records land in the run's log with the task run and its try. Raises MissingContextError outside of runs.
    """
    if _silence.count:
        return _LoggerAdapter(_silent_logger(), extra)
    run = getattr(context, "task_run", None) or getattr(context, "flow_run", None) or current.get()
    if run is None:
        raise MissingContextError("get_run_logger() works only inside a flow or task run.")
    return logger_of(run, **extra)


class _Silence:
    """How many `disable_run_logger` are around."""

    count = 0


_silence = _Silence()


@contextmanager
def disable_run_logger() -> Iterator[None]:
    """Inside, loggers of runs say nothing, and there is one outside of runs, too: for tests of `my_task.fn`."""
    _silence.count += 1
    try:
        yield
    finally:
        _silence.count -= 1


def _silent_logger() -> logging.Logger:
    logger = logging.getLogger("tui_flow.silent")
    logger.disabled = True
    return logger


def get_logger(name: str | None = None) -> logging.Logger:
    """A logger below "tui_flow" (or "prefect"), for code that may run outside of runs too."""
    root = _authors_root()
    if not name or name == root or name.startswith(f"{root}."):
        return logging.getLogger(name or root)
    return logging.getLogger(f"{root}.{name}")


def logger_of(run: "FlowRun | TaskRun", **extra: Any) -> _LoggerAdapter:
    """The logger of one run."""
    logger = logging.getLogger(f"{_root}.task_runs" if run.kind == "task" else f"{_root}.flow_runs")
    logger.disabled = False  # as `logging.config` leaves all loggers that it is not told of
    return _RunLogger(logger, {"tui_flow_run": run, **_names_of(run), **extra})


def _names_of(run: "FlowRun | TaskRun") -> dict[str, Any]:
    """What a record says of its run, for the formatters and handlers of others, by Prefect's names."""
    owner = run.flow_run
    names: dict[str, Any] = {
        "deployment_name": (owner.deployment_id or "").partition("/")[2] or None,
        "flow_run_id": owner.id if owner.flow else None,
        "flow_run_name": owner.name,
        "flow_name": owner.flow_name,
    }
    if run.kind == "task":
        names |= {"task_run_id": run.id, "task_run_name": run.name, "task_name": run.definition.name}
    return names


def flow_run_logger(flow_run: "FlowRun", flow: Any = None, **extra: Any) -> _LoggerAdapter:  # noqa: ARG001
    """The logger of that run, such as hooks are given."""
    return logger_of(flow_run, **extra)


def task_run_logger(
    task_run: "TaskRun",
    task: Any = None,  # noqa: ARG001
    flow_run: Any = None,  # noqa: ARG001
    flow: Any = None,  # noqa: ARG001
    **extra: Any,
) -> _LoggerAdapter:
    """The same of a task run."""
    return logger_of(task_run, **extra)


def print_as_log(*values: object, sep: str | None = " ", **_: Any) -> None:
    """`print`, into the log of the run that the caller is in. Raises MissingContextError outside of runs."""
    get_run_logger().info("%s", (" " if sep is None else sep).join(map(str, values)))


class _RunLogger(_LoggerAdapter):
    """Keeps the author's own `extra` beside the run."""

    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


class RunLogHandler(logging.Handler):
    """Writes every record to the log of the run that it comes from, and on request to stderr as well."""

    def __init__(self) -> None:
        super().__init__()
        self.console = False
        """Whether people watch stderr: a script's terminal, not a worker."""
        self.is_safe = False
        """Whether they see escape sequences as what they are, instead of what a terminal makes of them."""

    def handle(self, record: logging.LogRecord) -> Any:
        """Afterwards, and without this handler's lock, records of runs go to the root logger's other handlers."""
        done = super().handle(record)
        if record.name.startswith(f"{_root}."):
            _pass_on(record)
        return done

    def emit(self, record: logging.LogRecord) -> None:
        run = getattr(record, "tui_flow_run", None) or current.get() or _only_root()
        try:
            message = _text_of(record)
            if run is not None:
                number, tries = run.number, max(run.run_count, 1)
                run.tree.recorder.log(record.created, record.levelname, number, tries, record.name, message)
            if self.console:
                _show(record, run, "\n".join(safe_lines(message)) if self.is_safe else message)
        except Exception:
            self.handleError(record)


def _pass_on(record: logging.LogRecord) -> None:
    """What an author (or pytest's caplog) listens with hears of runs, too. A handler that prints would say twice what
    the run's log and the terminal have."""
    ours = logging.getLogger(_root).handlers  # those have heard already
    for handler in logging.getLogger().handlers:
        prints = getattr(handler, "stream", None) in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
        if (
            handler not in ours
            and record.levelno >= handler.level
            and not (prints and isinstance(handler, logging.StreamHandler))
        ):
            try:
                handler.handle(record)
            except Exception:
                _handler.handleError(record)


def _only_root() -> "FlowRun | None":
    return live_roots[0] if len(live_roots) == 1 else None


def _text_of(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError) as problem:
        message = f"{record.msg} {record.args!r} ({problem})"
    if record.exc_info and record.exc_info[1] is not None:
        from tui_flow.sdk.failures import TOLD_ELSEWHERE, authors_part

        cls, error, found = record.exc_info
        told = getattr(error, TOLD_ELSEWHERE, None)
        lines = (
            [told.traceback] if told else traceback.format_exception(cls, error, authors_part(error, found))
        )
        message += "\n" + "".join(lines).rstrip("\n")
    if record.stack_info:
        message += f"\n{record.stack_info}"
    return message


def _show(record: logging.LogRecord, run: "FlowRun | TaskRun | None", message: str) -> None:
    clock = time.strftime("%H:%M:%S", time.localtime(record.created))
    who = record.name if run is None else f"{'Task' if run.kind == 'task' else 'Flow'} run {run.name!r}"
    line = f"{clock}.{int(record.msecs):03} | {record.levelname:<7} | {who} - {message}\n"
    stream = sys.stderr
    if stream is not None:
        stream.write(masker.mask_text(line))
        stream.flush()


_handler = RunLogHandler()


def shows_safe_text() -> None:
    """From now on nothing that is logged can send an escape sequence to the terminal that people watch."""
    _handler.is_safe = True


def is_on_console() -> bool:
    """Whether people see the records on stderr."""
    return _handler.console


def start(console: bool) -> None:
    """From now on log records of all loggers reach the runs' logs, and `print` goes to the logger of a run that asks
    for it (`log_prints`). Asking again is harmless."""
    global _root
    _handler.console, _root = console, _authors_root()
    ours = logging.getLogger(_root)
    ours.propagate = False  # so that its records do not depend on what authors do to the root logger
    for logger in (ours, logging.getLogger()):
        if _handler not in logger.handlers:
            logger.addHandler(_handler)
    _set_levels(ours)
    _patch_print()


def _authors_root() -> str:
    """ "prefect" where somebody has imported that and it is ours, else "tui_flow"."""
    module = sys.modules.get("prefect")
    if module is None:
        return "tui_flow"
    from tui_flow import prefect_alias

    return "prefect" if isinstance(module, prefect_alias.Alias) else "tui_flow"


def _set_levels(ours: logging.Logger) -> None:
    """As the environment says, unless the author has said it."""
    level = next((found for name in ENV_LEVELS if (found := _level(os.environ.get(name)))), "INFO")
    for kind in ("flow_runs", "task_runs"):
        told = _level(os.environ.get(ENV_LEVEL_OF.format(kind=kind.upper())))
        _set_level(ours.getChild(kind), told)
    for name in filter(None, map(str.strip, os.environ.get(ENV_EXTRA, "").split(","))):
        _set_level(logging.getLogger(name), level)
    _set_level(ours, level)


def _level(text: str | None) -> str | None:
    """The name of a level; None for what is none."""
    name = (text or "").strip().upper()
    return name if name in logging.getLevelNamesMapping() else None


def _set_level(logger: logging.Logger, level: str | None) -> None:
    if level is not None and logger.level == logging.NOTSET:
        logger.setLevel(level)


def stop() -> None:
    """No run is at work any more: other code's logging is left alone."""
    for logger in (logging.getLogger(_root), logging.getLogger()):
        logger.removeHandler(_handler)
    if builtins.print is _print_or_log:
        builtins.print = _print


class _Printing(threading.local):
    """Whether what this thread prints goes to the terminal: a handler of the author's may print while a print is logged,
    and so does the debugger."""

    is_direct = False


_printing = _Printing()
_print = builtins.print


def _patch_print() -> None:
    global _print
    if builtins.print is not _print_or_log:
        _print = builtins.print
        builtins.print = _print_or_log


def _print_or_log(*values: object, **options: Any) -> None:
    run = current.get()
    file = options.get("file")
    if (
        run is None
        or not run.log_prints
        or _printing.is_direct
        or (file is not None and file not in (sys.stdout, sys.stderr))
    ):
        _print(*values, **options)
        return
    separator = options.get("sep")
    with prints_to_terminal():
        logger_of(run).info("%s", (" " if separator is None else separator).join(map(str, values)))


@contextmanager
def prints_to_terminal() -> Iterator[None]:
    """Inside, nothing that this thread prints is logged."""
    before, _printing.is_direct = _printing.is_direct, True
    try:
        yield
    finally:
        _printing.is_direct = before


_print_or_log.__name__ = _print_or_log.__qualname__ = "print"
