"""What a keeper says of a run that is over: from the worker's report, from how it ended, and from who asked for it."""

import os
import signal
import sys
from typing import Any, NamedTuple

from tui_flow.contract.journal import FlowFinished, RunEnded
from tui_flow.contract.states import EndReason, FlowRunState

_WITH_A_STACK = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"})
"""faulthandler writes the stack to the log before the worker dies of these."""


class Request(NamedTuple):
    """Why the keeper ended the worker, rather than the worker itself."""

    at: float
    reason: EndReason
    """CANCELLED or TIMEOUT."""
    message: str
    """Such as "cancelled by uid 1000"."""


class Usage(NamedTuple):
    """What the worker used, in the words of `RunEnded`."""

    max_rss_bytes: int | None
    cpu_seconds: float | None

    @classmethod
    def of(cls, usage: Any) -> "Usage":
        """From a `resource.struct_rusage`, whose memory is in KiB but on macOS."""
        unit = 1 if sys.platform == "darwin" else 1024
        return cls(usage.ru_maxrss * unit, round(usage.ru_utime + usage.ru_stime, 3))


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def last_word(
    at: float, status: int, report: FlowFinished | None, request: Request | None, note: str = ""
) -> RunEnded:
    """`status` is what `waitpid` gave for the worker; `note` says what else the keeper had to do to it."""
    code = os.waitstatus_to_exitcode(status)
    exit_code, by_signal = (code, None) if code >= 0 else (None, signal_name(-code))
    if report is not None and _counts(report, request):
        state, reason, message = FlowRunState(report.state), EndReason(report.reason), report.message
    elif request is not None:
        failed = request.reason is EndReason.TIMEOUT
        state = FlowRunState.FAILED if failed else FlowRunState.CANCELLED
        reason, message = request.reason, request.message
    elif by_signal is not None:
        state, reason, message = FlowRunState.CRASHED, EndReason.SIGNAL, _on_signal(by_signal)
    else:
        state, reason = FlowRunState.FAILED, EndReason.EXIT
        message = f"the process exited with code {exit_code} before the flow was over"
    message = "; ".join(part for part in (message, note) if part)
    return RunEnded(at, state, reason, message, exit_code, by_signal)


def _counts(report: FlowFinished, request: Request | None) -> bool:
    """A report stands unless it only tells of the end that was asked for."""
    return request is None or report.state == FlowRunState.COMPLETED or report.at < request.at


def _on_signal(name: str) -> str:
    message = f"the process was ended by {name}"
    if name in _WITH_A_STACK:
        return f"{message}; the log says where"
    if name == "SIGKILL":
        return f"{message}: somebody killed it, or the machine ran out of memory"
    return message
