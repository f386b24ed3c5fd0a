"""The language of the filters: the same words in every view, as far as they mean something there.

etl timeout          both words, wherever they stand, whatever their case where they have no capital letter
"two words"          as they stand there
timeout|refused      one or the other
/took [5-9]\\d+s/     a regular expression
flow:etl_* tag:core state:failed trigger:schedule task:load run:812 level:warning logger:sql*
dur>5m dur<2h since:24h since:today since:2026-08-20 day:2026-08-20 is:active is:over is:rerun is:failed
is:late              it began over a minute after it could have, or should have begun by now
is:new               something is wrong with it that nobody has acknowledged
state:acked is:paused  of alerts and of schedules
-tag:ops             not that
"flow: done"         quoted, what looks like one of these words is a text
"""

import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple

from tui_flow.contract.flow_names import plain_name
from tui_flow.contract.log import LEVELS
from tui_flow.contract.states import ACTIVE, TERMINAL, WENT_WRONG, FlowRunState
from tui_flow.patterns import Pattern, TooSlow, pattern
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.glyphs import word

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TOKEN = re.compile(r'-?(?:/(?:\\.|[^/\\])*/(?=\s|$)|(?:\w+:)?"[^"]*"|\S+)')
_TERM = re.compile(r"(-?)(?:(\w+)(:|>=|<=|>|<|=))?(.*)", re.DOTALL)


class BadFilter(ValueError):
    """A text that is no filter; says what is wrong with it and what there is."""


class Words(NamedTuple):
    """The words that mean something in a view."""

    about: str
    """What the view lists."""
    fields: tuple[str, ...]
    groups: tuple[str, ...]
    """What can follow `is:`."""
    states: Mapping[str, str]
    """What can follow `state:`, each with its short word."""

    @property
    def spelled(self) -> list[str]:
        """The fields as they are typed."""
        plain = [f"{field}:" for field in self.fields if field != "dur"]
        return [*plain, "dur>", "dur<"] if "dur" in self.fields else plain


_OF_LINES = ("task", "level", "logger")
"""Words about lines of a log, not about a run."""
OF_LOGS = Words(
    "logs",
    ("flow", "tag", "state", "trigger", "since", "day", "is", *_OF_LINES, "run", "dur"),
    ("active", "over", "failed", "late", "new", "rerun", "scheduled"),
    {state: word(state) for state in FlowRunState},
)
OF_RUNS = OF_LOGS._replace(
    about="runs", fields=tuple(field for field in OF_LOGS.fields if field not in _OF_LINES)
)


OF_TEXT = Words("a text", (), (), {})
"""What is searched as it stands there, a run's own log or what is read: no word means anything else."""


class Subject(NamedTuple):
    """What a filter looks at: a flow with its latest run, a run, a row of the schedule, or an alert."""

    text: str
    flow: str
    tags: Sequence[str] = ()
    state: str | None = None
    trigger: str = ""
    seconds: float | None = None
    """How long the run took."""
    at: float | None = None
    """When it was made."""
    id: int | None = None
    is_rerun: bool = False
    is_scheduled: bool = False
    is_late: bool = False
    is_new: bool = False
    is_paused: bool = False
    task: str = ""


class Term(NamedTuple):
    """One word of a filter."""

    field: str
    """One of the fields of `Words`, "text" or "regex"."""
    sign: str
    value: str
    is_not: bool


class Filter(NamedTuple):
    """All of its terms hold, or it does not match."""

    terms: tuple[Term, ...] = ()
    words: Words = OF_LOGS

    def __bool__(self) -> bool:
        return bool(self.terms)

    def of(self, *fields: str) -> list[Term]:
        """The terms about some fields."""
        return [term for term in self.terms if term.field in fields]

    def matches(self, subject: Subject, now: float) -> bool:
        """Nothing does where a regular expression is too slow; `why_nothing` says so."""
        states = self.words.states
        try:
            return all(_holds(term, subject, now, states) is not term.is_not for term in self.terms)
        except TooSlow:
            return False


def parse(text: str, words: Words = OF_LOGS) -> Filter:
    """Raises BadFilter, also for a word that means nothing among these."""
    return Filter(tuple(_checked(_term(token, words), words) for token in _TOKEN.findall(text)), words)


def read(text: str, words: Words) -> tuple[Filter, str]:
    """The filter that a text is; or one that lets all through, and why it is none."""
    try:
        return parse(text, words), ""
    except BadFilter as error:
        return Filter(), str(error)


def _term(token: str, words: Words) -> Term:
    sign, field, operator, value = _TERM.fullmatch(token).groups()  # type: ignore[union-attr]
    is_field = field in OF_LOGS.fields and field != "dur"
    known = words.fields and ((is_field and operator == ":") or (field in ("dur", "level") and operator))
    if words.fields and not known and field and value:
        _refuse_unknown(field, operator, token[len(sign) :], words)
    if not known:
        value = token[len(sign) :]
        field, operator = "text", ":"
    if len(value) > 1 and value[0] == value[-1] == "/" and field == "text":
        return Term("regex", ":", value[1:-1], bool(sign))
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    elif field == "text" and (ways := [way for way in value.split("|") if way]) and ways != [value]:
        return Term("regex", ":", "|".join(map(re.escape, ways)), bool(sign))
    return Term(field or "text", operator or ":", value, bool(sign))


def _refuse_unknown(field: str, operator: str, token: str, words: Words) -> None:
    """Raises BadFilter for what looks like a word of this language and is none: as a text it would find nothing, and
    whoever mistyped it would believe that. An address (http://…), a time (12:30) and a sum (x=3) are texts."""
    from difflib import get_close_matches

    near = [name for name in words.fields if field.startswith(name) or name.startswith(field)]
    near = near or get_close_matches(field, words.fields, n=1)
    is_address = token.startswith(f"{field}{operator}/")
    if not field[0].isalpha() or is_address or (operator != ":" and not near):
        return
    known = " ".join(words.spelled)
    hint = f"did you mean {near[0]}{'>' if near[0] == 'dur' else ':'}? " if near else ""
    raise BadFilter(f'no word {field}{operator}; {hint}"{token}" in quotes is a text; there are {known}')


def _checked(term: Term, words: Words) -> Term:
    if term.field not in (*words.fields, "text", "regex"):
        if term.field in _OF_LINES:
            raise BadFilter(f"{term.field}: is about what runs said: search for it in the logs")
        known = " ".join(words.spelled)
        raise BadFilter(f"{term.field}: is about runs; {words.about} have {known}")
    if term.field == "regex":
        try:
            _pattern(term.value)
        except ValueError as error:
            raise BadFilter(str(error)) from None
    if term.field == "state" and term.value and not states_of(term.value, words.states):
        raise BadFilter(f"no state {term.value}; there are {', '.join(words.states)}")
    if term.field == "is" and term.value and term.value not in words.groups:
        raise BadFilter(f"no is:{term.value}; there are {', '.join(words.groups)}")
    if term.field == "dur" and (seconds_of(term.value) is None or term.sign not in (">", "<", ">=", "<=")):
        raise BadFilter("a duration is dur>5m or dur<90s; units are s, m, h, d, w")
    if term.field == "since" and term.value and since_of(term.value, time.time()) is None:
        raise BadFilter("since: takes 24h, 7d, today, yesterday, or a date as 2026-08-20")
    if term.field == "day" and term.value and day_of(term.value, time.time()) is None:
        raise BadFilter("day: takes today, yesterday, or a date as 2026-08-20")
    if term.field == "level" and term.value and level_of(term.value) is None:
        raise BadFilter(f"no level {term.value}; there are {', '.join(LEVELS)}")
    if term.field == "run" and term.value and not term.value.isdecimal():
        raise BadFilter("run: takes the number of a run")
    return term


def states_of(text: str, states: Mapping[str, str]) -> list[str]:
    """The states that a word means: the state's own name, its short word, or how they begin."""
    small = text.lower()
    exact = [state for state, short in states.items() if small in (state, short)]
    return exact or [state for state in states if state.startswith(small) and small]


def seconds_of(text: str) -> float | None:
    """ "90s", "5m", "1.5h" in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw]?)", text.lower())
    return None if match is None else float(match[1]) * _UNITS[match[2] or "s"]


def since_of(text: str, now: float) -> float | None:
    """The moment that "24h", "today", "yesterday" or a date means, in the zone in which times are shown."""
    midnight = times.local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        return times.moment_of(midnight - timedelta(days=text == "yesterday"))
    ago = seconds_of(text)
    if ago is not None:
        return now - ago
    try:
        return times.moment_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError, OSError):
        return None


def day_of(text: str, now: float) -> tuple[float, float] | None:
    """Beginning and end of the day that "today", "yesterday" or a date means."""
    start = since_of(text, now) if seconds_of(text) is None else None
    if start is None:
        return None
    midnight = times.local(start).replace(hour=0, minute=0, second=0, microsecond=0)
    return times.moment_of(midnight), times.last_second(start) + 1


def level_of(text: str) -> int | None:
    """The place in `LEVELS` of a level, however far it is spelled out."""
    found = [place for place, level in enumerate(LEVELS) if level.startswith(text.upper()) and text]
    return found[0] if found else None


def levels_of(term: Term) -> frozenset[int]:
    """The places in `LEVELS` of the levels that a term about them lets through: a bare one means that or graver."""
    ranks, wanted = frozenset(range(len(LEVELS))), level_of(term.value)
    if wanted is None:
        return ranks
    fits: dict[str, Callable[[int], bool]] = {
        "<": lambda rank: rank < wanted,
        "<=": lambda rank: rank <= wanted,
        "=": lambda rank: rank == wanted,
        ">": lambda rank: rank > wanted,
    }
    found = frozenset(filter(fits.get(term.sign, lambda rank: rank >= wanted), ranks))
    return ranks - found if term.is_not else found


def has_text(hay: str, needle: str) -> bool:
    """Whether a text is there; its case counts only where it has a capital letter."""
    return needle in (hay if needle != needle.lower() else hay.lower())


def fits_name(name: str, pattern: str) -> bool:
    """Whether a name is what a pattern with `*` and `?` says, whatever its case."""
    return fnmatchcase(name.lower(), pattern.lower() or "*")


def why_nothing(filter: Filter, names: Iterable[str] = ()) -> str:
    """What is wrong with a filter that finds nothing: it looks for a flow that there is not among these names, with a
    regular expression that takes too long, or for a run's number as for a text. Empty where nothing is."""
    slow = (error for term in filter.of("regex") if (error := _pattern(term.value).too_slow))
    if error := next(slow, None):
        return f"{error.what}: {error.next}"
    known = {plain_name(name): name for name in names}
    for term in filter.of("flow"):
        if term.is_not or any(fits_name(name, term.value) for name in known.values()):
            continue
        value = plain_name(term.value)
        if part := next((plain for plain in known if value in plain), None):
            pattern = f"{term.value}*" if part.startswith(value) else f"*{term.value}*"
            if fits_name(known[part], pattern):
                return f"No flow is called {term.value}: flow: takes the whole name, or flow:{pattern}"
        from difflib import get_close_matches

        bare = re.sub(r"[*?]", "", value).strip("-")
        near = [plain for plain in known if bare in plain] or get_close_matches(bare, known)
        hint = f"; did you mean flow:{quoted(known[near[0]])}?" if near else ""
        return f"No flow is called {term.value}{hint}"
    numbers = (one.value for one in filter.of("text") if re.fullmatch("[0-9]+", one.value) and not one.is_not)
    if "run" in filter.words.fields and (number := next(numbers, None)):
        return f"Nothing has {number} in its text: run:{number} is the run of that number"
    return ""


def _is(value: str, subject: Subject) -> bool:
    state = subject.state
    return {
        "": True,
        "active": state in ACTIVE,
        "over": state in TERMINAL,
        "failed": state in WENT_WRONG,
        "rerun": subject.is_rerun,
        "scheduled": subject.is_scheduled,
        "late": subject.is_late,
        "new": subject.is_new,
        "paused": subject.is_paused,
    }[value]


def _is_on(value: str, at: float | None, now: float) -> bool:
    start, end = day_of(value, now) or (0.0, 0.0)
    return not value or start <= (at or 0.0) < end


def _lasts(sign: str, value: str, seconds: float | None) -> bool:
    wanted = seconds_of(value) or 0.0
    if seconds is None:
        return False
    return seconds >= wanted if ">" in sign else seconds <= wanted


def _holds(term: Term, subject: Subject, now: float, states: Mapping[str, str]) -> bool:
    tests: dict[str, Callable[[], bool]] = {
        "text": lambda: has_text(subject.text, term.value),
        "regex": lambda: _pattern(term.value).search(subject.text) is not None,
        "flow": lambda: fits_name(subject.flow, term.value),
        "tag": lambda: not term.value or term.value.lower() in (tag.lower() for tag in subject.tags),
        "state": lambda: not term.value or subject.state in states_of(term.value, states),
        "trigger": lambda: has_text(subject.trigger, term.value),
        "since": lambda: not term.value or (subject.at or 0.0) >= (since_of(term.value, now) or 0.0),
        "day": lambda: _is_on(term.value, subject.at, now),
        "is": lambda: _is(term.value, subject),
        "dur": lambda: _lasts(term.sign, term.value, subject.seconds),
        "task": lambda: fits_name(subject.task, term.value),
        "run": lambda: not term.value or subject.id == int(term.value),
    }
    test = tests.get(term.field)
    return test is None or test()


def _pattern(text: str) -> Pattern:
    return pattern(text, re.IGNORECASE if text == text.lower() else 0)


def quoted(text: str) -> str:
    """A value as it can stand in a filter."""
    return f'"{text}"' if shlex.quote(text) != text and '"' not in text else text
