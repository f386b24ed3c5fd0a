"""Stars in the place of secret parameters."""

from typing import Any

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, Secret, SecretBytes, SecretStr

from tui_flow import flow
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.secret_parameters import STARS, not_kept, secrets_in, starred, starred_like


class Login(BaseModel):
    user: str
    password: SecretStr


@flow
def every(
    token: SecretStr, pin: Secret[int], raw: SecretBytes | None, login: Login, more: list[Login],
    named: dict[str, SecretStr], whole: Secret[Login] | None, count: int = 3,
) -> None:  # fmt: skip
    pass


LOGIN = {"user": "ann", "password": "hidden-1"}
GIVEN: dict[str, Any] = {
    "token": "hidden-2", "pin": 1234, "raw": "hidden-3", "login": LOGIN, "more": [LOGIN], "named": {"a": "hidden-4"},
    "whole": LOGIN, "count": 5,
}  # fmt: skip
KEPT = {
    "token": STARS, "pin": STARS, "raw": STARS, "login": {"user": "ann", "password": STARS},
    "more": [{"user": "ann", "password": STARS}], "named": {"a": STARS}, "whole": STARS, "count": 5,
}  # fmt: skip


def test_stars_stand_for_what_the_schema_says_is_secret_and_for_nothing_else() -> None:
    assert starred(every.parameter_schema(), GIVEN) == KEPT


def test_what_had_stars_before_has_them_again_where_no_schema_is_known() -> None:
    assert starred_like(KEPT, GIVEN) == starred_like(KEPT, KEPT) == KEPT
    assert starred_like({}, GIVEN) == GIVEN


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    token: SecretStr = Field(alias="apiToken")
    key: SecretStr = Field(default=SecretStr(""), validation_alias=AliasChoices("k1", AliasPath("k2", 0)))


def test_a_secret_is_one_under_each_of_its_names() -> None:
    @flow
    def aliased(login: Aliased) -> None: ...

    for name in ("token", "apiToken", "key", "k1", "k2"):
        value = ["hidden-5"] if name == "k2" else "hidden-5"
        assert starred(aliased.parameter_schema(), {"login": {name: value}}) == {"login": {name: STARS}}


def test_none_is_no_secret() -> None:
    assert starred(every.parameter_schema(), {"raw": None, "whole": None}) == {"raw": None, "whole": None}


def test_what_is_too_deep_to_look_through_is_refused() -> None:
    tree = {"type": "object", "properties": {"kid": {"$ref": "#/$defs/tree"}}}
    deep: dict[str, object] = {}
    for _ in range(900):
        deep = {"kid": deep}
    with pytest.raises(BadParameters, match="too deep"):
        starred({"properties": {"a": {"$ref": "#/$defs/tree"}}, "$defs": {"tree": tree}}, {"a": deep})


def test_a_secret_that_was_not_kept_is_named_by_its_place() -> None:
    assert sorted(not_kept(KEPT)) == [
        "login.password",
        "more.0.password",
        "named.a",
        "pin",
        "raw",
        "token",
        "whole",
    ]
    assert not list(not_kept(GIVEN))


def test_the_secrets_themselves_are_found_by_the_stars() -> None:
    found = list(secrets_in(KEPT, GIVEN))
    assert len(found) == 7 and 1234 in found and LOGIN in found and "ann" not in found


@pytest.mark.parametrize("hint", [Secret[str], Secret[int], SecretStr, SecretBytes, Secret[str] | None])
def test_every_secret_of_pydantics_is_one_in_the_form(hint: Any) -> None:
    from tui_flow.tui.presentation.form import Form

    def fn(it) -> None:
        pass

    fn.__annotations__["it"] = hint
    form = Form(flow(fn).parameter_schema())
    assert form.fields[0].is_secret and not form.fields[0].options
