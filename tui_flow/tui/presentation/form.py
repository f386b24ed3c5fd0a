"""A form for a flow's parameters: what is typed into each field, what that means, and how it differs from other runs."""

import json
import shlex
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from tui_flow.contract.parameter_fit import from_json, with_own_names
from tui_flow.contract.secret_parameters import STARS, definitions_of
from tui_flow.tui.presentation.field_texts import (
    are_same,
    as_text,
    fitting,
    is_moment_word,
    parse,
    quoted,
    start_of,
    text_for,
    typed,
)
from tui_flow.tui.presentation.fields import Field, field_of, fields_of, needs, unknown_in
from tui_flow.tui.presentation.words import is_name, word_for

__all__ = ["Field", "Filled", "Form", "as_text", "fields_of", "parse", "typed"]
Path = tuple[str, ...]
_MISSING = object()


class Filled(NamedTuple):
    """What somebody has asked for by a form."""

    parameters: dict[str, Any]
    """Those that are not the flow's defaults."""
    options: dict[str, Any] = {}  # noqa: RUF012
    """The run options that are not what they are by default."""


class Form:
    """The fields of an object's schema, and the text of each."""

    def __init__(self, schema: Mapping[str, Any], values: Mapping[str, Any] = {}) -> None:
        """`values` are those that it begins with; where one is missing, it is the default."""
        self._schema = schema
        self.fields = fields_of(schema)
        self.by_path = {field.path: field for field in self.fields}
        self.leaves = [field for field in self.fields if not field.is_group]
        self.texts: dict[Path, str] = {}
        self._filled: dict[Path, tuple[str, Any]] = {}
        """What a field was filled with stays that value while this text stands in it."""
        self._kept: dict[Path, Any] = {}
        """Secrets that are given on, and never shown."""
        self.lost: set[Path] = set()
        """Secrets of an earlier run, of which only stars were kept."""
        self._extras: dict[Path, dict[str, Any]] = {}
        """What a group holds beyond its fields."""
        self.default_words: dict[Path, str] = {}
        """What is said of a field that has its default, where that is not just that."""
        self.unset: set[Path] = set()
        """Optional groups that are None."""
        self.fill(values)
        self.start, self._start_unset = dict(self.texts), frozenset(self.unset)

    def fill(self, values: Mapping[str, Any]) -> None:
        """Puts values into the fields, and defaults where there is none."""
        values = with_own_names(self._schema, values, definitions_of(self._schema))
        self._filled.clear()
        self._kept.clear()
        self.lost.clear()
        self._extras.clear()
        self.unset.clear()
        for field in self.fields:
            value = _at(values, field.path)
            if field.is_group:
                self._fill_group(field, value)
            elif field.is_secret:
                self.texts[field.path] = ""
                if value == STARS:
                    self.lost.add(field.path)
                elif value not in (_MISSING, None):
                    self._kept[field.path] = value
            elif value is _MISSING:
                self.texts[field.path] = start_of(field)
            else:
                self._put(field, value)

    def _fill_group(self, group: Field, value: Any) -> None:
        if group.is_optional and (_starts_unset(group) if value is _MISSING else value is None):
            self.unset.add(group.path)
        known = value if isinstance(value, dict) else {}
        self._extras[group.path] = {
            key: one for key, one in known.items() if (*group.path, key) not in self.by_path
        }

    def _put(self, field: Field, value: Any) -> None:
        text = self.texts[field.path] = text_for(field, value)
        if not is_moment_word(field, text):
            self._filled[field.path] = (text, value)

    def _holds(self, field: Field) -> bool:
        """Whether nobody has typed in it since it was filled."""
        return field.path in self._filled and self._filled[field.path][0] == self.texts[field.path]

    def carry_over(self, other: "Form") -> None:
        """Takes what somebody has changed in another form, as far as its fields are here, too."""
        for field in self.fields:
            theirs = other.by_path.get(field.path)
            if theirs is None or not other.is_changed(theirs) or theirs.is_secret is not field.is_secret:
                continue
            if field.is_optional and theirs.is_optional:
                (self.unset.add if field.path in other.unset else self.unset.discard)(field.path)
            if field.is_group or theirs.is_group:
                continue
            if other._holds(theirs):
                self._put(field, other._filled[field.path][1])
            else:
                self.texts[field.path] = other.texts[field.path]

    def reset(self, field: Field) -> None:
        """Back to the default; a group with all that is in it."""
        if field.is_group:
            (self.unset.add if _starts_unset(field) else self.unset.discard)(field.path)
            for inside in self.children(field):
                self.reset(inside)
            return
        self.texts[field.path] = start_of(field)
        self._filled.pop(field.path, None)
        self._kept.pop(field.path, None)
        self.lost.discard(field.path)

    def is_default(self, field: Field) -> bool:
        """Whether the flow's own default is meant, so that nothing need be said."""
        if field.is_group:
            is_unset = field.path in self.unset
            if field.is_optional and (field.required or is_unset is not _starts_unset(field)):
                return False
            is_all_default = all(map(self.is_default, self.children(field)))
            return is_unset or (is_all_default and not self._extras[field.path])
        is_as_at_first = are_same(field, self.texts[field.path], start_of(field))
        is_untouched = is_as_at_first and field.path not in self._kept
        return is_untouched and not field.required

    def keeps(self, field: Field) -> bool:
        """Whether a secret of an earlier run goes on being it."""
        return field.path in self._kept and not self.texts[field.path]

    def is_changed(self, field: Field) -> bool:
        """Whether something else has been typed since the form was opened."""
        if field.is_group:
            is_unset = field.path in self.unset
            if is_unset is not (field.path in self._start_unset):
                return True
            return not is_unset and any(map(self.is_changed, self.children(field)))
        return not are_same(field, self.texts[field.path], self.start[field.path])

    @property
    def changed(self) -> list[Field]:
        may_change = [field for field in self.fields if not field.is_group or field.is_optional]
        return [field for field in may_change if self.is_changed(field) and not self.is_inside_unset(field)]

    def is_inside_unset(self, field: Field) -> bool:
        """Whether a group around it is None."""
        return any(field.path[:length] in self.unset for length in range(1, len(field.path)))

    def children(self, group: Field) -> list[Field]:
        """The fields of a group."""
        return [field for field in self.fields if field.path[:-1] == group.path]

    def inside(self, group: Field) -> list[Field]:
        """The fields below a group that are no groups themselves."""
        return [leaf for leaf in self.leaves if leaf.path[: len(group.path)] == group.path]

    def value(self, field: Field) -> Any:
        """What the text means. Raises ValueError, with what is wrong."""
        if field.is_group:
            return None if field.path in self.unset else self._whole(field)
        if self.keeps(field):
            return self._kept[field.path]
        if self._holds(field):
            return fitting(field, self._filled[field.path][1])
        if not self.is_default(field):
            return parse(field, self.texts[field.path])
        if self._has_lost_default(field):
            raise ValueError("needed: type it")
        return field.default

    def _has_lost_default(self, field: Field) -> bool:
        """Whether it is a secret of a group's default that is needed, now that the group is another."""
        group, top = self.by_path.get(field.path[:-1]), self.by_path[field.path[:1]]
        if not field.is_secret or field.default != STARS or group is None:
            return False
        return needs(group, field.name) and not self.is_default(top)

    def _whole(self, group: Field) -> dict[str, Any]:
        found = dict(self._extras.get(group.path, {}))
        for field in self.children(group):
            if field.has_default or not self.is_default(field):
                if field.is_secret and self.is_default(field):
                    continue
                found[field.name] = self.value(field)
        return found

    def problem(self, field: Field) -> str:
        """What is wrong with a field; empty where nothing is."""
        try:
            self.value(field)
        except ValueError as error:
            return str(error)
        return ""

    @property
    def problems(self) -> dict[Path, str]:
        """What is wrong, by field, in their order."""
        return self.problems_of(self.leaves)

    def problems_of(self, leaves: Iterable[Field]) -> dict[Path, str]:
        """The same of some fields alone."""
        found = {field.path: self.problem(field) for field in leaves if not self._is_left_out(field)}
        return {path: what for path, what in found.items() if what}

    def _is_left_out(self, field: Field) -> bool:
        """Inside of a group that is not given at all: an optional object may need fields that it does not."""
        if self.is_inside_unset(field):
            return True
        group = self.by_path.get(field.path[:1])
        return group is not None and group.is_group and not group.required and not self._is_begun(group)

    def _is_begun(self, group: Field) -> bool:
        return (
            group.is_optional
            or group.has_default
            or any(self.texts[leaf.path] for leaf in self.inside(group))
        )

    def values(self) -> dict[str, Any]:
        """The parameters that fit and are not defaults."""
        found = {}
        for field in self.fields:
            wanted = len(field.path) == 1 and not self.is_default(field)
            if field.is_group and not field.required:
                wanted = wanted and self._is_begun(field)
            if wanted and not self.problem(field):
                found[field.name] = self.value(field)
        return found

    def words(self, mark: str) -> list[str]:
        """`-p name=value` for what is not the default; `mark` stands for what does not fit. A secret has no value there:
        the command asks for it."""
        asked = self.asked_for
        said = {field.path: self._words_of(field, mark, asked=field in asked) for field in self.fields}
        # What no `-p` can say is said as JSON, with all that is beside it.
        unsaid = {path[0] for path, words in said.items() if None in words}
        found = [
            word
            for path, words in said.items()
            for word in words
            if word is not None and (path[0] not in unsaid or self.by_path[path].is_secret)
        ]
        values = self.plain_values()
        whole = {name: values[name] for name in values if name in unsaid}
        return [f"--params {shlex.quote(quoted(whole))}", *found] if whole else found

    def _words_of(self, field: Field, mark: str, *, asked: bool) -> list[str | None]:
        """None among them is what no word says."""
        if field.is_secret:
            return [f"-p {field.dotted}"] if asked else []
        if self.is_default(field) or self._is_left_out(field):
            return []
        if field.is_group:
            return self._group_words(field)
        try:
            return [_word(field, self.value(field))]
        except ValueError:
            return [f"-p {field.dotted}={mark}"] if self.texts[field.path].strip() else []

    @property
    def asked_for(self) -> list[Field]:
        """The secrets that the command asks for."""
        secrets = [field for field in self.leaves if field.is_secret and not self._is_left_out(field)]
        return [field for field in secrets if not self.is_default(field) or self._has_lost_default(field)]

    def _group_words(self, group: Field) -> list[str | None]:
        """What no field of it says: that it is None, or is there although all in it is default."""
        if group.path in self.unset:
            return [f"-p {group.dotted}=null"]
        extras = self._extras[group.path].items()
        found = [_word(field_of(self._schema, (*group.path, name)), value) for name, value in extras]
        is_said = found or not group.is_optional or not all(map(self.is_default, self.children(group)))
        return found if is_said else [f"-p {shlex.quote(f'{group.dotted}={{}}')}"]

    def as_json(self) -> str:
        """All values but the secrets, to be edited; the text where it means no value."""
        return json.dumps(self._shown(()), indent=2, ensure_ascii=False) + "\n"

    def _shown(self, above: Path) -> dict[str, Any]:
        found: dict[str, Any] = dict(self._extras.get(above, {}))
        for field in self.fields:
            if field.path[:-1] != above or field.is_secret:
                continue
            if field.is_group:
                found[field.name] = None if field.path in self.unset else self._shown(field.path)
            elif field.has_default or not self.is_default(field):
                found[field.name] = self._shown_value(field)
        return found

    def _shown_value(self, field: Field) -> Any:
        if self._holds(field):
            return self._filled[field.path][1]
        return self.texts[field.path] if self.problem(field) else self.value(field)

    def take_json(self, text: str) -> None:
        """Fills the fields from what was edited; secrets that are not in it stay. Raises ValueError, with the line, and changes nothing then."""
        values = _object_in(text)
        self._refuse_unknown(values)
        self.fill_but_secrets(values)
        named = with_own_names(self._schema, values, definitions_of(self._schema))
        for field in self.leaves:
            value = _at(named, field.path)
            if field.is_secret and value not in (_MISSING, STARS):
                self.reset(field)
                if value is not None or field.default is not None:
                    self._put(field, value)

    def _refuse_unknown(self, values: Mapping[str, Any]) -> None:
        unknown = [name for name in values if (name,) not in self.by_path]
        if unknown:
            raise ValueError(f"there is no parameter {', '.join(map(repr, unknown))}")
        for group in self.fields:
            inside = _at(values, group.path) if group.is_group else None
            if isinstance(inside, dict):
                strange = unknown_in(group, [name for name in inside if name not in self._extras[group.path]])
                if strange:
                    raise ValueError(f"{group.dotted} has no field {', '.join(map(repr, strange))}")

    def fill_but_secrets(self, values: Mapping[str, Any]) -> None:
        """The same as `fill`, of values that have none; those that are there stay."""
        kept, lost, texts, filled = dict(self._kept), set(self.lost), dict(self.texts), dict(self._filled)
        self.fill(values)
        for field in self.leaves:
            if field.is_secret:
                self.texts[field.path] = texts[field.path]
                self._filled |= {field.path: filled[field.path]} if field.path in filled else {}
        self._kept, self.lost = kept, lost

    def plain_values(self) -> dict[str, Any]:
        """The values without secrets, to be written down."""
        return self.without_secrets(self.values())

    def without_secrets(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values of these fields, such as those of another run, that may be shown."""
        found = deepcopy(dict(values))
        for field in self.leaves:
            inside = _at(found, field.path[:-1])
            if field.is_secret and isinstance(inside, dict):
                inside.pop(field.name, None)
        return found

    def about(self, field: Field) -> str:
        """What it is for."""
        return field.description


def differing(form: Form, other: Mapping[str, Any]) -> list[str]:
    """The fields whose values are not those of another run, secrets left out."""
    found = []
    for field in form.fields:
        value = _at(other, field.path)
        if field.is_optional:
            is_unset = _starts_unset(field) if value is _MISSING else value is None
            if is_unset is not (field.path in form.unset) and not form.is_inside_unset(field):
                found.append(field.dotted)
        if field.is_secret or field.is_group or form.is_inside_unset(field):
            continue
        theirs = start_of(field) if value is _MISSING else text_for(field, value)
        try:
            ours = text_for(field, form.value(field))
        except ValueError:
            ours = form.texts[field.path]
        if ours != theirs:
            found.append(field.dotted)
    return found


def renewed(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What is another in the schema of all parameters: "limit is new, day is gone"."""
    old, new = (schema.get("properties", {}) for schema in (before, now))
    told = [f"{name} is new" for name in new if name not in old]
    told += [f"{name} is gone" for name in old if name not in new]
    told += [f"{name} has changed" for name in new if name in old and new[name] != old[name]]
    return ", ".join(told) or "its parameters have changed"


def text_in(field: Field, values: Mapping[str, Any]) -> str:
    """How a field reads in another run; empty for a secret."""
    value = _at(values, field.path)
    if field.is_secret or field.is_group:
        return ""
    return start_of(field) if value is _MISSING else text_for(field, value)


def _word(field: Field, value: Any) -> str | None:
    word = word_for(field, value) if is_name(field.dotted) else None
    return None if word is None else f"-p {shlex.quote(f'{field.dotted}={word}')}"


def command_line(flow: str, words: Iterable[str], command: str = "") -> str:
    """The same run as a command; or as another one than `run`."""
    return " ".join(["tui-flow", command or f"run {shlex.quote(flow)}", *words])


def _object_in(text: str) -> dict[str, Any]:
    """Raises ValueError, with the line."""
    try:
        values = from_json(text)
    except json.JSONDecodeError as error:
        what = error.msg.replace("Expecting property name enclosed", "a name is needed, enclosed")
        raise ValueError(f"line {error.lineno}: {what}") from None
    if not isinstance(values, dict):
        raise ValueError("line 1: an object is needed, { … }")
    return values


def _starts_unset(group: Field) -> bool:
    """Whether an optional group is None by default."""
    return group.is_optional and not group.required and group.default is None


def _at(values: Any, path: Path) -> Any:
    """What is at a path; `_MISSING` where nothing is."""
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return _MISSING
        values = values[name]
    return values
