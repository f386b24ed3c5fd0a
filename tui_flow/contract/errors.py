"""The errors that a person can meet, as one tree. Each says what happened, where, and what to do next.

TuiFlowError
├── ProjectError        no project here, or one that cannot be used            exit code 4
│   └── StateDirError   the state directory is not ours, not safe or not writable
├── HistoryError        the database cannot be used, or is from a newer version  exit code 4
│   ├── HistoryDamaged  its content is no history of ours, or was spoilt
│   ├── HistoryFull     the disk, or a quota, has no room for it
│   └── HistoryLocked   another program holds it
├── EngineError         the engine cannot be started or does not answer        exit code 3
│   ├── EngineRunning   a second engine in one project
│   └── ProtocolError   the two ends speak different versions
└── RequestError        the engine refuses a command                           exit code 2
    ├── UnknownFlow     no flow of that name; the nearest ones are named
    ├── BrokenFlow      the flow's file does not import
    ├── BadParameters   parameters that the flow does not take
    ├── UnknownSchedule  no schedule of that name; those there are are named
    ├── UnknownAlert     no alert of that number
    ├── AlreadyServed   another script serves a flow under that name
    ├── UnknownRun      no run of that id
    ├── NotWaiting      the run does not wait for an answer
    ├── NotCancellable  the run is over
    ├── NotRunning      no process of the run is there to be asked
    └── NotRerunnable   the run is not over, or cannot be run again
"""

EXIT_OK = 0
"""It worked; for `run`, the run completed."""
EXIT_RUN_NOT_COMPLETED = 1
"""The run failed, crashed or was cancelled."""
EXIT_USAGE = 2
"""The command line, or what it asked for, makes no sense here."""
EXIT_ENGINE = 3
"""The engine cannot be reached, or another one is running."""
EXIT_STATE = 4
"""The project, its state directory or its database cannot be used."""
EXIT_INTERRUPTED = 130
"""Ctrl+C. A run that was started goes on in the engine."""


class TuiFlowError(Exception):
    """What happened, where, and what to do next. `str()` gives all three on one to three lines."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", next: str = "") -> None:
        super().__init__(what, where, next)
        self.what, self.where, self.next = what, where, next

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.where, self.next) if part)

    @property
    def kind(self) -> str:
        """The name that travels over the socket."""
        return type(self).__name__


class ProjectError(TuiFlowError):
    exit_code = EXIT_STATE


class StateDirError(ProjectError):
    pass


class HistoryError(TuiFlowError):
    exit_code = EXIT_STATE


class HistoryMissing(HistoryError):
    pass


class HistoryDamaged(HistoryError):
    pass


class HistoryFull(HistoryError):
    pass


class HistoryLocked(HistoryError):
    pass


class EngineError(TuiFlowError):
    exit_code = EXIT_ENGINE


class EngineRunning(EngineError):
    pass


class EngineSilent(EngineError):
    pass


class ProtocolError(EngineError):
    pass


class RequestError(TuiFlowError):
    exit_code = EXIT_USAGE


class UnknownFlow(RequestError):
    pass


class BrokenFlow(RequestError):
    pass


class BadParameters(RequestError):
    pass


class UnknownRun(RequestError):
    pass


class UnknownSchedule(RequestError):
    pass


class UnknownAlert(RequestError):
    pass


class AlreadyServed(RequestError):
    pass


class NotWaiting(RequestError):
    pass


class NotCancellable(RequestError):
    pass


class NotRunning(RequestError):
    pass


class NotRerunnable(RequestError):
    pass


class ReadOnly(RequestError):
    pass


READS_ONLY = ReadOnly("this console only reads", next="leave it, and open it without --read-only")
"""Of a console that was asked to."""


def _tree(root: type[TuiFlowError]) -> dict[str, type[TuiFlowError]]:
    found = {root.__name__: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


BY_KIND = _tree(TuiFlowError)
"""Every error of the tree by the name that travels over the socket."""


def from_wire(error: dict[str, str]) -> TuiFlowError:
    """The error that the other end raised, from its `kind`, `what`, `where` and `next`."""
    cls = BY_KIND.get(error.get("kind", ""), TuiFlowError)
    return cls(
        error.get("what", "the engine gave no reason"),
        where=error.get("where", ""),
        next=error.get("next", ""),
    )


def to_wire(error: TuiFlowError) -> dict[str, str]:
    """`from_wire`'s other half."""
    return {"kind": error.kind, "what": error.what, "where": error.where, "next": error.next}


TOO_DEEP = "lists or objects are nested too deep"


def too_deep() -> BadParameters:
    """Of parameters that nobody can look through, nor write down."""
    return BadParameters(f"in a parameter, {TOO_DEEP}", next="let the flow take it as text")


def broken_file(
    what: str | None, path: str, line: int | None, next: str = "mend it and save it"
) -> BrokenFlow:
    """That the flow file does not import, and why."""
    return BrokenFlow(f"the flow file is broken: {what}", where=at_line(path, line), next=next)


def at_line(path: str, line: int | None) -> str:
    """ "flows/etl.py:7"; the path alone where no line is known."""
    return f"{path}:{line}" if line else path
