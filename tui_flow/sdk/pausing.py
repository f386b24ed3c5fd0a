"""A flow that waits for people: it asks (`contract.questions`), waits in its process or without one, and takes an answer
that fits what it asked for."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract import journal, questions
from tui_flow.contract.questions import Answer, Question
from tui_flow.contract.secret_parameters import secrets_in, starred
from tui_flow.sdk import context, masking
from tui_flow.sdk.context import current
from tui_flow.sdk.exceptions import FlowPauseTimeout, SuspendRun
from tui_flow.sdk.logging import logger_of

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun

LOOK_SECONDS = 0.05
"""Between two looks for an answer."""
PAUSED, SUSPENDED = "Paused", "Suspended"


class Pause:
    """One call of `pause_flow_run` or `suspend_flow_run`."""

    def __init__(
        self, wait_for_input: Any, timeout: float | None, key: str | None, *, suspends: bool
    ) -> None:
        """Raises RuntimeError where no flow is at work here that can wait."""
        self._run, self._directory = _waiting_run(suspends)
        tree = self._run.tree
        self._form = None
        if wait_for_input is not None:
            from tui_flow.sdk.input import Form

            self._form = Form(wait_for_input)
        number = tree.occurrence(_root(self._run), f"pause of {self._run.flow_name}")
        self._key = key or f"{self._run.flow_name}-{number + 1}"
        self._timeout, self._suspends = timeout, suspends

    def steps(self) -> "Iterator[float | Given]":
        """Seconds to wait, again and again, and at last what was given. Raises FlowPauseTimeout when it is too late,
        SuspendRun where the process is not to wait."""
        spec = self._run.tree.spec
        asked_attempt = spec.asked_attempt if spec else 1
        known = questions.read_answer(self._directory, self._key)
        if known is not None and known.attempt < asked_attempt:
            questions.forget_answer(self._directory, self._key)
        elif known is not None and (given := self._taken(known)) is not None:
            yield given
            return
        deadline = float("inf") if self._timeout is None else time.monotonic() + self._timeout
        self._ask()
        with self._asking() as ask_again:
            given = None
            while time.monotonic() < deadline:
                found = questions.read_answer(self._directory, self._key)
                given = self._taken(found) if found is not None else None
                if given is not None:
                    break
                ask_again()
                yield min(LOOK_SECONDS, max(0.0, deadline - time.monotonic()))
        if given is not None:
            yield given
            return
        questions.close(self._directory, self._key)
        raise FlowPauseTimeout("Flow run was paused and never resumed.")

    def _asking(self) -> "AbstractContextManager[Callable[[], None]]":
        """Somebody is asked here where somebody is there; others may answer first."""
        return context.asker(self._run, self._key) if context.asker else nullcontext(lambda: None)

    def _ask(self) -> None:
        now, run = time.time(), self._run
        spec = run.tree.spec
        form = self._form
        question = Question(
            self._key,
            now,
            None if self._timeout is None else now + self._timeout,
            form.schema if form else {"type": "object", "properties": {}},
            form.description if form else "",
            spec.attempt if spec else 1,
            self._suspends,
        )
        if self._suspends and form:
            from tui_flow.sdk import answer_check

            answer_check.keep(self._directory, self._key, form)
        questions.ask(self._directory, question)
        name = SUSPENDED if self._suspends else PAUSED
        logger_of(run).info("%s: `tui-flow answer %d` lets it go on", name, run.tree.run_id)
        run.tree.record(journal.FlowPaused(now, self._key, name, question.until, run.number))
        if self._suspends:
            raise SuspendRun(f"waits for an answer: tui-flow answer {run.tree.run_id}")

    def _taken(self, found: Answer) -> "Given | None":
        """What the answer means to the author; None where it does not fit, and that is told."""
        from tui_flow.sdk.exceptions import AnswerRefused

        if self._form:
            for secret in secrets_in(starred(self._form.schema, found.values), found.values):
                masking.learn_all(secret)
        try:
            value = self._form.value_of(found.values) if self._form else None
        except AnswerRefused as error:
            questions.refuse(self._directory, self._key, found, error.errors)
            told = "; ".join(": ".join(filter(None, one)) for one in error.errors)
            logger_of(self._run).warning("The answer of %s does not fit: %s", found.by, told)
            return None
        is_open = any(one.key == self._key for one in questions.open_questions(self._directory))
        questions.close(self._directory, self._key)
        if is_open:
            self._run.tree.record(journal.FlowResumed(time.time(), self._key, found.by))
            logger_of(self._run).info("Resumed by %s", found.by)
        return Given(value)


class Given:
    """What the author gets for an answer; None where nothing but a go-ahead was asked for."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _root(run: "FlowRun") -> "FlowRun":
    while run.parent is not None:
        run = run.parent.flow_run
    return run


def _waiting_run(suspends: bool) -> "tuple[FlowRun, Path]":
    run: Any = current.get()
    what = "suspended" if suspends else "paused"
    if run is None:
        raise RuntimeError(f"Flow runs can only be {what} from within a flow run.")
    if run.kind == "task":
        raise RuntimeError(f"A task run cannot be {what}: call this in the flow.")
    recorder = run.tree.recorder
    if recorder.is_foreign or recorder.directory is None:
        raise RuntimeError(f"The flow run cannot be {what} from a process that it has started.")
    if suspends and run.number:
        raise RuntimeError("Cannot suspend subflows.")
    if suspends and not run.tree.in_worker:
        raise RuntimeError("A script's own run cannot be suspended: run it with `tui-flow run`, or pause it.")
    return run, recorder.directory
