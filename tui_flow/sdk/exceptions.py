"""The exceptions that authors meet, by Prefect's names.

PrefectException
├── FailedRun, CrashedRun, CancelledRun     the result of a run that did not complete was asked for
│   └── ProcessDied (CrashedRun)            the process that a task run was at work in is gone
├── UnfinishedRun                           the result of a run that has not ended, or never began, was asked for
│   └── UpstreamTaskError                   it never began, because something upstream did not complete
├── MissingResult                           a state that nothing was returned with
├── SerializationError                      a value that cannot be written, or sent to another process
├── MissingContextError                     something that needs a run was used outside of one
├── ParameterTypeError, ParameterBindError  what a flow or task was called with does not fit it
├── ConfigurationError                      options that do not go together
├── AnswerRefused                           what a paused run was given does not fit what it asked for
├── FlowWaitTimeout                         a run was waited for, and did not end in time
├── FlowPauseTimeout                        nobody answered in time
├── ConcurrencySlotAcquisitionError         slots of a limit that is not there, or cannot give them
├── MissingFlowError, ObjectNotFound        also UnknownFlow: a flow that a file does not have, or nobody serves
├── RerunDiverged                           a strict rerun takes another way than the attempt before
├── ReservedArgumentError, InvalidNameError refused at decoration
└── MappingLengthMismatch, MappingMissingIterable
TimeoutError
├── FlowRunTimeoutError, TaskRunTimeoutError
└── AcquireConcurrencySlotTimeoutError      no slots of a limit in time
BaseException
└── Interruption                            raised into the author's code from outside; nothing should swallow it
    ├── TerminationSignal                   SIGTERM
    ├── SuspendRun                          the flow waits for an answer without a process
    └── DeadlineExceeded                    a timeout; the caller sees one of the TimeoutErrors
TuiFlowError
└── UnsupportedFeature                      a word of Prefect's that does not work here
    └── UnsupportedImport                   also an ImportError: a module or name that cannot even be imported
"""

from tui_flow.contract.errors import TuiFlowError, UnknownFlow


class PrefectException(Exception):
    """The root of what Prefect's own code raises."""


class FailedRun(PrefectException):
    """The result of a failed run was asked for, and no exception of its own says why."""


class CrashedRun(PrefectException):
    """The result of a crashed run was asked for."""


class ProcessDied(CrashedRun):
    """The process that a task run was at work in is gone, and what it would have returned."""


class CancelledRun(PrefectException):
    """The result of a cancelled run was asked for."""


class PausedRun(PrefectException):
    """The result of a paused run was asked for."""


class UnfinishedRun(PrefectException):
    """The result of a run that has not ended was asked for."""


class UpstreamTaskError(UnfinishedRun):
    """The run never began: something that it waits for did not complete. The message says what."""


class MissingResult(PrefectException):
    """The state holds no result."""


class SerializationError(PrefectException):
    """A value that cannot be written, or sent to another process."""


class MissingContextError(PrefectException, RuntimeError):
    """What was called works only inside a flow or task run."""


class ParameterTypeError(PrefectException):
    """Parameters that are not of the types that the flow declares. One line each."""


class ParameterBindError(TypeError, PrefectException):
    """Arguments that do not fit the function's signature."""


class ConfigurationError(PrefectException):
    """Options that do not go together, such as an isolation that needs locks without a lock manager."""


class AnswerRefused(PrefectException):
    """What a paused run was given does not fit what it asked for."""

    def __init__(self, errors: list[list[str]]) -> None:
        super().__init__("; ".join(": ".join(filter(None, one)) for one in errors))
        self.errors = errors
        """Pairs of a field and what is wrong with it."""


class FlowWaitTimeout(PrefectException):
    """A run was waited for, and did not end in time."""


class FlowPauseTimeout(PrefectException):
    """A flow run was paused, and nobody answered in time."""


class ConcurrencySlotAcquisitionError(PrefectException):
    """Slots of a limit that is not there, or that cannot give them."""


class MissingFlowError(UnknownFlow, PrefectException):
    """A file does not have the flow that an entrypoint names."""


class ObjectNotFound(UnknownFlow, PrefectException):
    """Nothing is served under the name that `run_deployment` was given."""


class RerunDiverged(PrefectException):
    """The calls of a strict rerun are not those of the attempt before."""


class ReservedArgumentError(PrefectException, TypeError):
    """A function has a parameter whose name the call itself needs."""


class InvalidNameError(PrefectException, ValueError):
    """A name with a character that names cannot have."""


class MappingLengthMismatch(PrefectException):
    """`map` got iterables of different lengths."""


class MappingMissingIterable(PrefectException):
    """`map` got nothing to map over."""


class AcquireConcurrencySlotTimeoutError(TimeoutError):
    """No slots of a limit within the time that the caller waits."""


class FlowRunTimeoutError(TimeoutError):
    """A flow run ran longer than its `timeout_seconds`."""


class TaskRunTimeoutError(TimeoutError):
    """A task run ran longer than its `timeout_seconds`."""


class Interruption(BaseException):
    """Raised into the author's code from outside. Not an `Exception`, so that `except Exception` lets it pass."""


class TerminationSignal(Interruption):
    """The process got SIGTERM: somebody wants the run to end."""

    def __init__(self, signal: int = 15) -> None:
        super().__init__(signal)
        self.signal = signal


class SuspendRun(Interruption):
    """The flow waits for an answer without a process: its attempt ends here."""


class DeadlineExceeded(Interruption):
    """The code that is running has run longer than it may."""


class UnsupportedFeature(TuiFlowError):
    """A word of Prefect's that needs its server, or that does not work here yet."""


class UnsupportedImport(UnsupportedFeature, ModuleNotFoundError):
    """A module or a name of Prefect's that is not here at all. An ImportError, for those who try what there is."""


_NEVER_RAISED = frozenset(
    [
        "Abort",
        "BlockMissingCapabilities",
        "EventTooLarge",
        "ExternalSignal",
        "FlowRunWaitTimeout",
        "FlowScriptError",
        "MissingDependencyError",
        "NotPausedError",
        "Pause",
        "PrefectSignal",
        "HashError",
        "InfrastructureError",
        "InfrastructureNotAvailable",
        "InfrastructureNotFound",
        "InvalidRepositoryURLError",
        "MissingProfileError",
        "ObjectAlreadyExists",
        "ObjectLimitReached",
        "ObjectUnsupported",
        "PrefectHTTPStatusError",
        "PrefectImportError",
        "ProfileSettingsValidationError",
        "ProtectedBlockError",
        "ScriptError",
        "SignatureMismatchError",
        "UnspecifiedFlowError",
    ]
)
"""Prefect's, for `except` clauses and `import`s. What is raised here has a class of its own above."""


def __getattr__(name: str) -> type[PrefectException]:
    if name not in _NEVER_RAISED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = type(
        name, (PrefectException,), {"__doc__": "Prefect's; nothing here raises it.", "__module__": __name__}
    )
    return globals().setdefault(name, made)  # type: ignore[no-any-return]
