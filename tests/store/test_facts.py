import sqlite3

from tui_flow.store import facts


def test_a_fact_is_what_was_said_last(writer: sqlite3.Connection) -> None:
    assert facts.get(writer, facts.RESTORED_AT) is None
    facts.put(writer, facts.RESTORED_AT, "1.5")
    facts.put(writer, facts.RESTORED_AT, "2.5")
    assert facts.get(writer, facts.RESTORED_AT) == "2.5"
    facts.drop(writer, facts.RESTORED_AT)
    assert facts.get(writer, facts.RESTORED_AT) is None
