"""What a flow does not take is refused with what it takes."""

import pytest

from tests.store.rows import a_flow
from tui_flow.contract.errors import BadParameters
from tui_flow.engine.parameters import check


def test_of_many_parameters_those_that_are_needed_are_told_first_and_not_all() -> None:
    properties = {f"p{number}": {"type": "integer", "default": number} for number in range(25)}
    schema = {"properties": {**properties, "day": {"type": "string"}}, "required": ["day"]}
    with pytest.raises(BadParameters, match="needs 'day'") as refused:
        check(a_flow("etl", parameters=schema), {})
    assert refused.value.next == (
        "its parameters: day: string, p0: integer = 0, p1: integer = 1, p2: integer = 2, p3: integer = 3, p4: integer = 4,"
        " p5: integer = 5, p6: integer = 6, and 18 more, which tui-flow flows lists"
    )
