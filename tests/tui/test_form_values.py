"""Values of any type in the form: each stays what it is until somebody types, and the command says just that."""

import json
import shlex
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from tui_flow.cli.parameters import assigned, read_object, texts_of
from tui_flow.sdk import params
from tui_flow.tui.presentation.field_texts import parse, same
from tui_flow.tui.presentation.form import Form


class Inner(BaseModel):
    text: str = "a"
    any: Any = None
    more: dict[str, Any] = {}
    pick: Literal[1, "1"] = 1


class Outer(BaseModel):
    inner: Inner = Inner()
    maybe: Inner | None = None
    words: list[str] = ["x"]


def many(
    un, s: str, os: str | None = None, u: int | str = 0, f: float = 1, b: bool | None = True, bs: bool | str = "",
    lit: Literal[1, "1", True, "true", None, "null", " a "] = 1, loose: Literal["a"] | str = "a", names: set[str] = set(), ids: list[int] = [],  # noqa: B006
    mixed: list[int | str] = [1], maybe: list[str] | None = None, config: dict[str, Any] = {}, outer: Outer = Outer(), opt: Outer | None = None,  # noqa: B006, B008
) -> None: ...  # fmt: skip


SCHEMA = json.loads(json.dumps(params.schema(many)))
TRICKY = st.sampled_from(
    ["", " ", '"q"', '"', "'", "null", "None", "5", "1.0", "1e3", "true", "yes", "[1]", "{}", "a, b", "a=b", "-p", "$x", "`x`",
     "it's\n", "\x1b[0m", "\x9b", "\u202e", " a ", "today", "**********x", "é", "NaN", '["a"]'],
)  # fmt: skip
TEXT = TRICKY | st.text(max_size=5)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
ANY = st.recursive(
    SCALAR, lambda one: st.lists(one, max_size=2) | st.dictionaries(TEXT, one, max_size=2), max_leaves=4
)
TEXTS = st.lists(TEXT, max_size=3)
INNER = st.fixed_dictionaries(
    {}, optional={"text": TEXT, "any": ANY, "more": st.dictionaries(TEXT, ANY, max_size=2), "pick": st.sampled_from([1, "1"])}
)  # fmt: skip
OUTER = st.fixed_dictionaries({}, optional={"inner": INNER, "maybe": st.none() | INNER, "words": TEXTS})
VALUES = st.fixed_dictionaries(
    {"un": ANY, "s": TEXT},
    optional={
        "os": st.none() | TEXT, "u": st.integers() | TEXT, "f": st.floats(allow_nan=False) | st.integers(), "b": st.none() | st.booleans(),
        "bs": st.booleans() | TEXT, "lit": st.sampled_from([1, "1", True, "true", None, "null", " a "]), "loose": TEXT, "names": TEXTS,
        "ids": st.lists(st.integers(), max_size=3), "mixed": st.lists(st.integers() | TEXT, max_size=3), "maybe": st.none() | TEXTS,
        "config": st.dictionaries(TEXT, ANY, max_size=2), "outer": OUTER, "opt": st.none() | OUTER,
    },
)  # fmt: skip
MODELS = {"outer": TypeAdapter(Outer), "opt": TypeAdapter(Outer | None)}


def as_given(form: Form) -> dict[str, Any]:
    """What the command that the form shows gives to the run."""
    words = shlex.split(" ".join(form.words("X")))
    options = list(zip(words[::2], words[1::2], strict=True))
    before = read_object(next((word for option, word in options if option == "--params"), "{}"))
    return before | assigned(texts_of(word for option, word in options if option == "-p"), SCHEMA, before)


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        if name in MODELS:  # the form says a model's defaults, a command need not
            assert MODELS[name].validate_python(found[name]) == MODELS[name].validate_python(value)
        else:
            assert same(found[name], value), (name, found[name], value)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_a_run_with_nothing_changed_is_asked_for_as_the_run_before_and_so_does_its_command(
    values: dict[str, Any],
) -> None:
    form = Form(SCHEMA, values)
    assert form.problems == {}
    sent = form.values()
    defaults = {name: part["default"] for name, part in SCHEMA["properties"].items() if "default" in part}
    assert_same({**defaults, **sent}, {**defaults, **values})
    assert_same(as_given(form), sent)
    form.take_json(form.as_json())
    assert_same(form.values(), sent)
    for field in form.leaves:  # and the text that is shown reads back as the value
        if form.is_inside_unset(field) or field.type_word == "float":
            continue
        assert same(parse(field, form.texts[field.path]), form.value(field)), field.dotted


@settings(max_examples=60, deadline=None)
@given(TEXT, st.none() | ANY)
def test_a_parameter_that_takes_anything_takes_in_the_form_what_the_command_line_takes(
    text: str, before: Any
) -> None:
    form = Form(SCHEMA, {"un": before, "s": "a"})
    form.texts["un",] = text
    if not text.strip():
        return  # the form asks for something there
    assert form.problems == {}
    assert same(form.values()["un"], assigned({"un": text}, SCHEMA, {})["un"])
    assert_same(as_given(form), form.values())
