"""Models among the parameters: groups of the form, to unfold, to leave None, and as JSON where they hold themselves."""

import shlex

from pydantic import BaseModel

from tests.tui.pages import FakeEngine, console
from tests.tui.project import Project
from tui_flow.cli.parameters import assigned, split
from tui_flow.contract import commands
from tui_flow.sdk import params
from tui_flow.tui.presentation.form import Form, differing


class Port(BaseModel):
    number: int
    name: str = "http"


class Server(BaseModel):
    host: str = "localhost"
    port: Port | None = None
    next: "Server | None" = None


class Deep(BaseModel):
    server: Server = Server()


class Deeper(BaseModel):
    deep: Deep = Deep()


class Deepest(BaseModel):
    deeper: Deeper = Deeper()


BACKUP, DEEPEST = Server(host="b"), Deepest()


def with_optional_models(
    server: Server | None = None, backup: Server | None = BACKUP, deepest: Deepest = DEEPEST
) -> None: ...


OPTIONAL = params.schema(with_optional_models)


def test_an_optional_model_is_none_or_set_and_unfolds_as_deep_as_it_goes() -> None:
    form = Form(OPTIONAL)
    assert form.unset == {
        ("server",), ("server", "port"), ("backup", "port"), ("deepest", "deeper", "deep", "server", "port"),
    }  # fmt: skip
    names = [field.dotted for field in form.fields]
    assert "deepest.deeper.deep.server.port.number" in names
    assert not form.by_path["server", "next"].is_group, "a model inside of itself ends as JSON"
    assert form.values() == {} and form.words("X") == [] and form.problems == {}


def test_a_model_inside_of_itself_ends_as_json_however_it_refers_to_itself() -> None:
    itself = {"allOf": [{"$ref": "#/$defs/Node"}], "title": "Left"}
    node = {"type": "object", "title": "Node", "properties": {"left": itself, "right": itself}}
    form = Form({"type": "object", "properties": {"tree": itself}, "$defs": {"Node": node}})
    assert {field.dotted: field.is_group for field in form.fields} == {
        "tree": True, "tree.left": False, "tree.right": False,
    }  # fmt: skip


def test_what_is_set_or_none_is_said_by_the_command_and_comes_back_as_it_was() -> None:
    form = Form(OPTIONAL)
    form.unset.discard(("server",))
    assert form.values() == {"server": {"host": "localhost", "port": None, "next": None}}
    assert form.words("X") == ["-p 'server={}'"]
    form.unset.discard(("server", "port"))
    assert form.problems == {("server", "port", "number"): "needs a whole number"}
    form.texts["server", "port", "number"] = "80"
    form.unset.add(("backup",))
    form.texts["deepest", "deeper", "deep", "server", "host"] = "d"
    values = form.values()
    assert values["server"]["port"] == {"number": 80, "name": "http"} and values["backup"] is None
    assert [field.dotted for field in form.changed] == [
        "server", "server.port", "server.port.number", "backup", "deepest.deeper.deep.server.host",
    ]  # fmt: skip
    words = [word for word in shlex.split(" ".join(form.words("X"))) if word != "-p"]
    told = assigned(dict(map(split, words)), OPTIONAL)
    assert (told["server"], told["backup"]) == ({"port": {"number": 80}}, None)
    assert Form(OPTIONAL, values).values() == values
    again = Form(OPTIONAL)
    again.take_json(form.as_json())
    assert again.values() == values and differing(again, values) == []
    assert differing(Form(OPTIONAL), values) == ["server", "backup", "deepest.deeper.deep.server.host"]
    for name in ("server", "backup", "deepest"):
        form.reset(form.by_path[name,])
    assert form.values() == {} and form.changed == []


async def test_an_optional_model_is_set_and_its_fields_appear(etl: Project) -> None:
    etl.flow("typed", parameters=OPTIONAL)
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = {"run_id": 900}
    async with console(etl, engine=engine, size=(100, 40)) as page:
        await page.press("G", "R")
        await page.shows("(●)None ( )set { host, port", "Enter sets it")
        await page.press("enter")
        await page.shows("Enter makes it None")
        await page.press("down", "ctrl+u", *"a", "down", "right", "down", *"80")
        await page.shows("-p server.host=a -p server.port.number=80", "( )None (●)set")
        await page.press("up", "f3")
        await page.hides("number *")
        await page.shows("$ tui-flow run typed -p server.host=a")
        await page.press("ctrl+r")
        await page.until(lambda: engine.asked_for(commands.RunFlow), "the run to be asked for")
    (asked,) = engine.asked_for(commands.RunFlow)
    assert asked.parameters == {"server": {"host": "a", "port": None, "next": None}}


class Few(BaseModel):
    first: int = 1
    last: int = 2


class Many(BaseModel):
    first: int = 1
    a: int = 1
    b: int = 1
    c: int = 1
    d: int = 1
    e: int = 1
    f: int = 1
    g: int = 1
    h: int = 1
    i: int = 1
    j: int = 1
    k: int = 1
    last: int = 1


FEW, MANY = Few(), Many()


def with_groups_far_down(a=1, b=1, c=1, d=1, e=1, f=1, g=1, h=1, i=1, j=1, k=1, few: Few = FEW, many: Many = MANY) -> None: ...  # type: ignore[no-untyped-def]  # fmt: skip


async def test_what_is_unfolded_in_the_last_row_comes_into_sight(etl: Project) -> None:
    etl.flow("typed", parameters=params.schema(with_groups_far_down))
    async with console(etl) as page:
        await page.press("G", "R")
        await page.shows("Run with parameters")
        await page.press(*["down"] * 11)
        await page.shows("few  Enter unfolds it")
        await page.press("right")
        await page.shows("▾ { first, last }", " first  ", " last  ")
        await page.press("left", "down", "enter")
        await page.shows("▾ { first, a, b", " first  ", " a  ")
        assert "  last  " not in page.text, "as many as there is room for"
