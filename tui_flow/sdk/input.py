"""What runs ask for and send each other: `RunInput`, `receive_input`, `send_input` (prefect.input).

Values travel as JSON, in files of the run directories of one project; no server and no engine is needed.
"""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

import pydantic
from pydantic import ConfigDict, PrivateAttr, TypeAdapter, create_model

from tui_flow.contract import questions, rundir
from tui_flow.contract.errors import UnknownRun
from tui_flow.contract.secret_parameters import not_kept
from tui_flow.sdk.asking import project_of
from tui_flow.sdk.context import parent_of_task
from tui_flow.sdk.exceptions import AnswerRefused
from tui_flow.sdk.params import schema_generator

__all__ = ["GetInputHandler", "RunInput", "RunInputMetadata", "receive_input", "send_input"]

LOOK_SECONDS = 0.1


class RunInputMetadata(pydantic.BaseModel):
    """Where a value came from."""

    key: str
    sender: str | None
    """The id of the run that sent it."""
    receiver: str


class RunInput(pydantic.BaseModel):
    """What a run may be given: the fields are what people fill in."""

    model_config = ConfigDict(extra="forbid")
    _description: ClassVar[str | None] = None
    _metadata: RunInputMetadata | None = PrivateAttr(default=None)

    @property
    def metadata(self) -> RunInputMetadata | None:
        """Of a value that was received."""
        return self._metadata

    @classmethod
    def with_initial_data(cls, description: str | None = None, **initial: Any) -> type[Self]:
        """The same model with defaults for some fields, and a text that says what is asked."""
        fields: Any = {name: _with_default(cls, name, value) for name, value in initial.items()}
        made = create_model(cls.__name__, __base__=cls, **fields)
        if description is not None:
            made._description = description
        return made

    def send_to(self, flow_run_id: Any, sender: str | None = None, key_prefix: str | None = None) -> Any:
        """Sends this to a run. In an event loop the result is to be awaited. Raises UnknownRun."""
        return send_input(self, flow_run_id, sender, key_prefix)

    async def asend_to(
        self, flow_run_id: Any, sender: str | None = None, key_prefix: str | None = None
    ) -> None:
        """`send_to`, for code that awaits it."""
        await send_input(self, flow_run_id, sender, key_prefix)

    def respond(self, run_input: Any, sender: str | None = None, key_prefix: str | None = None) -> Any:
        """Sends something back to where this came from. Raises RuntimeError where nobody knows."""
        if self._metadata is None or self._metadata.sender is None:
            raise RuntimeError("Cannot respond to an input that has no sender set.")
        return send_input(run_input, self._metadata.sender, sender, key_prefix)

    async def arespond(
        self, run_input: Any, sender: str | None = None, key_prefix: str | None = None
    ) -> None:
        """`respond`, for code that awaits it."""
        await self.respond(run_input, sender, key_prefix)

    @classmethod
    def receive(cls, **options: Any) -> "GetInputHandler":
        """What was sent of this kind; see `receive_input`."""
        return receive_input(cls, **options)


class Form:
    """What is asked of people, as fields."""

    def __init__(self, wanted: Any) -> None:
        """A model, or any other type, which has one field, `value`."""
        is_model = isinstance(wanted, type) and issubclass(wanted, pydantic.BaseModel)
        self._is_model = is_model
        self._model: type[pydantic.BaseModel] = wanted if is_model else _model_of(wanted)
        self.schema: dict[str, Any] = self._model.model_json_schema(schema_generator=schema_generator())
        self.description: str = getattr(self._model, "_description", None) or ""

    def value_of(self, values: dict[str, Any]) -> Any:
        """The model, or the value of the type. Raises AnswerRefused for what does not fit."""
        try:
            made = self._model.model_validate(values)
        except pydantic.ValidationError as error:
            raise AnswerRefused([[_place(one["loc"]), one["msg"]] for one in error.errors()]) from None
        return made if self._is_model else made.value  # type: ignore[attr-defined]


def _model_of(wanted: Any) -> type[pydantic.BaseModel]:
    """One with the only field `value`, which is what a plain type asks for."""
    made: type[pydantic.BaseModel] = create_model(
        "Answer", __config__=ConfigDict(extra="forbid"), value=(wanted, ...)
    )
    return made


def _with_default(model: type[pydantic.BaseModel], name: str, value: Any) -> Any:
    """The field as it was, with what holds for it, and another default."""
    known = model.model_fields.get(name)
    if known is None:
        return type(value), value
    field = pydantic.Field(default=value, description=known.description, title=known.title)
    return known.rebuild_annotation(), field


def _place(location: tuple[Any, ...]) -> str:
    return ".".join(map(str, location))


def send_input(
    run_input: Any, flow_run_id: Any, sender: str | None = None, key_prefix: str | None = None
) -> Any:
    """Sends a value, or a `RunInput`, to a run of this project, which gets it with `receive_input` of that type.

    In an event loop the result is to be awaited. Raises UnknownRun, and ValueError for a secret, which would lie there.
    """
    run = parent_of_task()
    directory = _directory_of(flow_run_id)
    told = sender or (run.flow_run.id if run is not None and run.tree.run_id else None)
    value = TypeAdapter(type(run_input)).dump_python(run_input, mode="json")
    for place in not_kept(value):
        raise ValueError(
            f"{place or 'it'} is a secret, and is not sent: let the run that needs it load it, by Secret.load"
        )
    questions.send(directory, key_prefix or _box(type(run_input)), value, told)
    return _done() if asyncio._get_running_loop() is not None else None


async def asend_input(
    run_input: Any, flow_run_id: Any, sender: str | None = None, key_prefix: str | None = None
) -> None:
    """`send_input`, for code that awaits it."""
    await send_input(run_input, flow_run_id, sender, key_prefix)


async def _done() -> None:
    return None


def receive_input(
    input_type: Any,
    timeout: float | None = 3600,
    poll_interval: float = 10,  # noqa: ARG001
    raise_timeout_error: bool = False,
    exclude_keys: Iterable[str] | None = None,
    key_prefix: str | None = None,
    flow_run_id: Any = None,
    with_metadata: bool = False,
) -> "GetInputHandler":
    """What is sent to this run (or another one) of that type, one after another: for `for`, `async for` and `.next()`.

    It ends, or with `raise_timeout_error` raises TimeoutError, when nothing came for `timeout` seconds; None is for
    ever. Raises RuntimeError outside of runs, UnknownRun.
    """
    if flow_run_id is None:
        run = parent_of_task()
        if run is None or not run.tree.run_id:
            raise RuntimeError("receive_input() needs a flow_run_id outside of a flow run")
        flow_run_id = run.tree.run_id
    box = key_prefix or _box(input_type)
    return GetInputHandler(
        input_type, _directory_of(flow_run_id), box, timeout, raise_timeout_error, set(exclude_keys or ()), with_metadata
    )  # fmt: skip


class GetInputHandler:
    """Gives what was sent, the oldest first, each once."""

    def __init__(
        self,
        input_type: Any,
        directory: Path,
        box: str,
        timeout: float | None,
        raises: bool,
        seen: set[str],
        with_metadata: bool,
    ) -> None:
        self._type, self._directory, self._box = input_type, directory, box
        self._timeout, self._raises, self._with_metadata = timeout, raises, with_metadata
        self._seen = seen

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            return self._next()
        except TimeoutError:
            if self._raises:
                raise
            raise StopIteration from None

    async def __anext__(self) -> Any:
        try:
            return await self._anext()
        except TimeoutError:
            if self._raises:
                raise
            raise StopAsyncIteration from None

    def next(self) -> Any:
        """The next one; in an event loop it is to be awaited. Raises TimeoutError where none comes in time."""
        return self._anext() if asyncio._get_running_loop() is not None else self._next()

    def _next(self) -> Any:
        deadline = self._deadline()
        while (found := self._found()) is None:
            self._wait_or_raise(deadline)
            time.sleep(LOOK_SECONDS)
        return found[0]

    async def _anext(self) -> Any:
        deadline = self._deadline()
        while (found := self._found()) is None:
            self._wait_or_raise(deadline)
            await asyncio.sleep(LOOK_SECONDS)
        return found[0]

    def _deadline(self) -> float:
        return float("inf") if self._timeout is None else time.monotonic() + self._timeout

    def _wait_or_raise(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            raise TimeoutError(f"nothing was sent within {self._timeout:g} s")

    def _found(self) -> tuple[Any] | None:
        for message in questions.received(self._directory, self._box, self._seen):
            self._seen.add(message.key)
            value = TypeAdapter(self._type).validate_python(message.value)
            metadata = RunInputMetadata(key=message.key, sender=message.sender, receiver=self._directory.name)
            if isinstance(value, RunInput):
                value._metadata = metadata
            if self._with_metadata and not isinstance(value, RunInput):
                return (WithMetadata(value, metadata),)
            return (value,)
        return None


class WithMetadata:
    """A plain value that was received, with where it came from."""

    def __init__(self, value: Any, metadata: RunInputMetadata) -> None:
        self.value, self.metadata = value, metadata

    def respond(self, run_input: Any, sender: str | None = None, key_prefix: str | None = None) -> Any:
        """Sends something back. Raises RuntimeError where nobody knows where to."""
        if self.metadata.sender is None:
            raise RuntimeError("Cannot respond to an input that has no sender set.")
        return send_input(run_input, self.metadata.sender, sender, key_prefix)


def _box(kind: Any) -> str:
    """Where values of this type are left: by its name, as two runs of different files know it."""
    return str(getattr(kind, "__name__", kind)).lower()


def _directory_of(flow_run_id: Any) -> Path:
    number = str(flow_run_id).partition("-")[0]
    state_dir = rundir.open_state_dir(project_of(parent_of_task()))
    directory = state_dir / rundir.RUNS / number
    if not number.isdigit() or not directory.is_dir():
        raise UnknownRun(f"there is no run {flow_run_id} in this project", where=str(state_dir))
    return directory
