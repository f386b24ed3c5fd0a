"""Makes what each kind of trigger watches with, and tells since when the trigger is there."""

from collections.abc import Callable
from pathlib import Path

from tui_flow.contract import schedules as contract
from tui_flow.contract.schedules import OnCondition, OnEvent, OnFile, OnFlow
from tui_flow.engine.clock import Clock
from tui_flow.engine.condition_watch import Asker, ConditionWatch, ProcessAsker, Question
from tui_flow.engine.file_search import FileSearch, Threads
from tui_flow.engine.file_watch import FileWatch
from tui_flow.engine.firing import Firing
from tui_flow.engine.watches import EventWatch, Newest, Watch
from tui_flow.store import events, facts, flows, served
from tui_flow.store.database import Connection
from tui_flow.store.records import Schedule


class Watching:
    def __init__(
        self,
        project: Path,
        db: Connection,
        clock: Clock,
        firing: Firing,
        wake: Callable[[], None] = lambda: None,
        in_background: Callable[[Callable[[], None]], None] | None = None,
        asker: Asker | None = None,
    ) -> None:
        """`wake` is called, from any thread, when there is something to look at; `in_background` calls in another one."""
        self._project, self._db, self._clock, self._firing = project, db, clock, firing
        self._wake, self._in_background = wake, in_background or Threads()
        self._asker = asker or ProcessAsker(project, wake)
        self.newest = Newest(db)

    def watch_for(self, schedule: Schedule, declared: contract.Schedule) -> Watch:
        watch = self._watch(schedule, declared, self._begin(schedule, declared))
        since = min(
            watch.memory["since"], max(schedule.registered_at, self._restored_at())
        )  # the clock went back
        watch.memory = {**watch.memory, "watches": _what(declared), "since": since}
        return watch

    def _begin(self, schedule: Schedule, declared: contract.Schedule) -> float | None:
        """Since when the trigger is there, where it has not looked yet: nothing before that fires. It begins anew where
        it watches something else than before, was away for a while, or a backup took the history's place."""
        memory = schedule.memory or {}
        restored_at = self._restored_at()
        begin = max(schedule.registered_at, restored_at)
        is_away = schedule.cursor < schedule.registered_at
        is_same = memory.get("watches") == _what(declared)
        return None if is_same and not is_away and restored_at <= memory["since"] else begin

    def _restored_at(self) -> float:
        return float(facts.get(self._db, facts.RESTORED_AT) or 0.0)

    def _watch(self, schedule: Schedule, declared: contract.Schedule, begin: float | None) -> Watch:
        when = declared.when
        if isinstance(when, OnFlow):
            return self._event(schedule, events.RUN_ENDED, when.names, when.states, begin)
        if isinstance(when, OnFile):
            search = FileSearch(self._project, when.glob, self._clock, self._wake, self._in_background)
            return FileWatch(self._db, schedule, when, self._clock, search, begin)
        if isinstance(when, OnCondition):
            return self._condition(schedule, declared, when, begin)
        assert isinstance(when, OnEvent), f"no trigger: {when}"
        return self._event(schedule, events.EMITTED, (when.name,), (), begin)

    def _event(
        self,
        schedule: Schedule,
        kind: str,
        names: tuple[str, ...],
        states: tuple[str, ...],
        begin: float | None,
    ) -> EventWatch:
        return EventWatch(self._db, self._clock, self.newest, schedule, kind, names, states, begin)

    def _condition(
        self, schedule: Schedule, declared: contract.Schedule, when: OnCondition, begin: float | None
    ) -> ConditionWatch:
        def is_busy() -> bool:
            return declared.overlap == "skip" and self._firing.is_going(schedule)

        def question() -> Question | None:
            return self._question(schedule, when)

        return ConditionWatch(schedule, when, self._clock, self._asker, question, is_busy, begin)

    def _question(self, schedule: Schedule, when: OnCondition) -> Question | None:
        """The function in the version that a run would be of."""
        name = schedule.spec.get("served")
        flow = served.flow_of(self._db, schedule.flow, name)
        if flow is None:
            return None
        file = flows.get_flow_file(self._db, flow.path)
        under = served.get_served(self._db, schedule.flow, name) if name and file is None else None
        version = file.version if file else under.version if under else None
        return Question(flow.path, when.function, version or "", when.timeout_seconds)


def _what(declared: contract.Schedule) -> list[str]:
    """What a trigger watches, of all that its author said."""
    when = declared.when
    names = when.names if isinstance(when, OnFlow) else (str(when[0]),)
    return [declared.kind, *names]
