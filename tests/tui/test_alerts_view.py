"""Stories of the Alerts view, and of being told when something new is wrong."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from textual import events

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import LOAD, NOON, REFUSED, Project, said
from tui_flow.alerts import rules
from tui_flow.alerts.happenings import Happening
from tui_flow.contract import changes, commands
from tui_flow.contract.errors import READS_ONLY
from tui_flow.contract.states import AlertKind, AlertState
from tui_flow.store import alerts
from tui_flow.store.records import Mute
from tui_flow.tui import notify, seen
from tui_flow.tui.presentation import alert_about, alert_list, text_of
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.presentation.alert_about import About
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE
from tui_flow.tui.screens import alert_reading


@pytest.fixture
def troubled(etl: Project) -> Project:
    """A project with a new alert, one that is acknowledged, and one that has recovered."""
    etl.alert()
    broken = Happening(AlertKind.BROKEN_FILE, "", "flows/reports_v2.py", "SyntaxError: line 31", NOON, None, "flows/reports_v2.py", 2)  # fmt: skip
    known = etl.alert(broken)
    alerts.save(etl.db, rules.acknowledged(known, "uid 4294967294", time.time()))
    over = etl.alert(Happening(AlertKind.CRASH, "ingest_s3", "process", "ended by SIGKILL", NOON, 501))
    alerts.save(etl.db, rules.recovered(over, "run 502", time.time()))
    return etl


async def test_what_is_wrong_stands_on_top_with_its_error_its_line_and_its_runs(troubled: Project) -> None:
    async with console(troubled) as page:
        await page.shows("✗1 new alert", "5 Alerts(1)")
        await page.press("5")
        await page.shows("Alerts: 1 new, 1 acked, 1 recovered", "[5 Alerts(1)]")
        assert page.order_of("● connection to server", "(acked: uid 4294967294) Syn", "(recovered with run 502)") == [
            "● connection to server", "(acked: uid 4294967294) Syn", "(recovered with run 502)",
        ]  # fmt: skip
        await page.shows(
            "flows/etl_daily.py:4", "# etl_daily", "runs     812", "last ok  run 811", "params   not as then: date", "not run because of it  ▿",
        )  # fmt: skip
        await page.press("enter")
        await page.shows("run 812", "FAILED", "OperationalError")
        await page.press("escape")
        await page.shows("[5 Alerts(1)]")


async def test_an_alert_that_is_gone_to_is_shown_though_a_filter_hides_it(troubled: Project) -> None:
    async with console(troubled) as page:
        await page.press("5")
        await page.look_for("SIGKILL")
        await page.hides("connection to server")
        await page.press("colon")
        await page.type("!load_warehouse")
        await page.press("enter")
        await page.shows("Alerts: 1 new, 1 acked, 1 recovered")
        assert "connection to server" in page.line_with("│>")


async def test_e_says_which_alert_names_no_line(etl: Project) -> None:
    etl.alert(Happening(AlertKind.CRASH, "ingest_s3", "process", "ended by SIGKILL", NOON, 501))
    async with console(etl) as page:
        await page.press("5")
        await page.shows("ended by SIGKILL")
        await page.press("e")
        assert page.message == "this alert names no line of a file"


async def test_a_acknowledges_and_u_takes_that_back(troubled: Project) -> None:
    async with console(troubled) as page:
        await page.press("5", "a")
        await page.shows("etl_daily load_warehouse is acknowledged for 24h; u undoes")
        await page.press("u")
        await page.shows("undone: ack of etl_daily load_warehouse")
        assert page.engine.asked_for(commands.AcknowledgeAlerts) == [
            commands.AcknowledgeAlerts([1]), commands.AcknowledgeAlerts([1], undo=True),
        ]  # fmt: skip
        known = alerts.get_alert(troubled.db, 1)
        assert known is not None
        known = rules.acknowledged(known, "uid 0", time.time())
        alerts.save(troubled.db, known)
        page.engine.tell(changes.AlertChanged(1, "acknowledged"))
        await page.hides("1 new alert")
        alerts.save(troubled.db, rules.renewed(known, time.time()))
        page.engine.tell(changes.AlertChanged(1, "new"))
        await page.shows("1 new alert")
        assert "undone: ack of" in page.message, "nothing has come that somebody is to be called for"
        await page.press("j", "a")
        await page.shows("is new again")
        await page.press("j", "a")
        await page.shows("there is nothing to acknowledge")


async def test_the_flows_view_says_what_is_new_and_acknowledges_it_too(troubled: Project) -> None:
    async with console(troubled) as page:
        await page.shows("66w ago ● new", "a ack")
        await page.press("a")
        await page.shows("etl_daily is acknowledged for 24h; u undoes")
        assert page.engine.asked_for(commands.AcknowledgeAlerts) == [commands.AcknowledgeAlerts([1])]
        known = alerts.get_alert(troubled.db, 1)
        assert known is not None
        alerts.save(troubled.db, rules.acknowledged(known, "uid 0", time.time()))
        page.engine.tell(changes.AlertChanged(1, "acknowledged"))
        await page.hides("● new")
        await page.press("g")
        assert page.order_of("etl_daily ", "reports_v2", "ingest_s3") == [
            "reports_v2",
            "ingest_s3",
            "etl_daily ",
        ]
        await page.press("m")
        await page.shows("Send no message about")


async def test_m_mutes_a_flow_for_a_time_that_one_more_key_says(troubled: Project) -> None:
    async with console(troubled) as page:
        await page.press("5", "m")
        await page.shows("Send no message about etl_daily", "for 8 hours")
        await page.press("escape")
        assert page.engine.asked_for(commands.MuteAlerts) == []
        await page.press("m", "8")
        await page.shows("etl_daily is muted for 8 hours; u undoes")
        assert page.engine.asked_for(commands.MuteAlerts) == [commands.MuteAlerts("etl_daily", 8 * 3600.0)]
        alerts.mute(troubled.db, Mute("etl_daily", time.time(), "uid 0", None))
        page.engine.tell(changes.AlertChanged(0))
        await page.shows("(muted)", "until a run of it completes", "5 Alerts]")
        await page.press("m")
        await page.shows("etl_daily is heard again")
        await page.press("j", "m")
        await page.shows("only a flow can be muted")


async def test_c_writes_a_note_that_stays_with_the_error(troubled: Project) -> None:
    async with console(troubled) as page:
        await page.press("5", "c")
        await page.type("restarts on Tuesdays")
        await page.press("enter")
        await page.shows("noted on etl_daily load_warehouse; u undoes")
        assert page.engine.asked_for(commands.NoteAlert) == [commands.NoteAlert(1, "restarts on Tuesdays")]
        alerts.keep_note(troubled.db, 1, time.time(), "uid 4294967294", "restarts on Tuesdays")
        alerts.keep_message(troubled.db, 1, "notify.sh", time.time(), False, "exit 3: no way")
        page.engine.tell(changes.AlertChanged(1, "new"))
        await page.press("tab", "G")
        await page.shows("uid 4294967294", "restarts on Tuesdays")


async def test_a_note_on_a_flow_or_a_run_goes_to_its_last_alert_and_u_takes_it_away(
    troubled: Project,
) -> None:
    note, back = commands.NoteAlert(1, "hm"), commands.NoteAlert(1, "hm", undo=True)
    async with console(troubled) as page:
        for view in ("1", "2"):
            page.engine.asked.clear()
            await page.press(view)
            await page.shows("reports_v2" if view == "1" else "811")
            await page.press("c")
            await page.type("hm")
            await page.press("enter")
            await page.shows("noted on etl_daily load_warehouse; u undoes")
            await page.press("u")
            await page.shows("undone: note on etl_daily load_warehouse")
            assert page.engine.asked_for(commands.NoteAlert) == [note, back]


async def test_the_run_view_acknowledges_mutes_and_notes_what_its_run_is_named_by(troubled: Project) -> None:
    async with console(troubled, open_run=812, size=(100, 24)) as page:
        await page.shows("Log load_warehouse", " a ack ")
        await page.press("a")
        await page.shows("etl_daily 812 is acknowledged for 24h; u undoes")
        await page.press("c")
        await page.shows("a note for those who see this error after you")
        await page.type("ab")
        await page.press("enter")
        await page.shows("noted on etl_daily load_warehouse; u undoes")
        await page.press("m", "h")
        await page.shows("etl_daily is muted for an hour; u undoes")
        asked = [ask for ask in page.engine.asked if type(ask).__name__.endswith(("Alert", "Alerts"))]
        assert asked == [
            commands.AcknowledgeAlerts([1]),
            commands.NoteAlert(1, "ab"),
            commands.MuteAlerts("etl_daily", 3600.0),
        ]
        await page.look_for("row 1")
        await page.shows("with “row 1”")
        await page.press("comma")
        await page.shows("run 811")
        await page.press("c")
        await page.shows("run 811 is completed: alerts are about runs that fail or crash")


async def test_a_run_without_an_alert_says_why_it_has_none(troubled: Project) -> None:
    troubled.run(813, "etl_daily", "failed", started_at=NOON, ended_at=NOON + 1)
    async with console(troubled) as page:
        await page.press("2")
        await page.shows("813")
        await page.press("c")
        await page.shows("no alert names run 813 any more, only newer ones; 5 lists all alerts")
        await page.press("a")
        await page.shows("etl_daily 813: there is nothing to acknowledge")
        await page.press("G", "c")
        await page.shows("alerts are about runs that fail or crash")


async def test_the_runs_view_acknowledges_mutes_and_notes_all_that_is_marked(troubled: Project) -> None:
    async with console(troubled, size=(120, 30)) as page:
        await page.press("2")
        await page.shows("812", "811", "501")
        runs = [run.id for run in page.app.screen.section.table.window.runs]
        await page.press("V", "g", "space", "G", "V")
        await page.shows(f"{len(runs)} marked", "r, x, X, a, m, c act on them")
        await page.press("a")
        await page.shows("1 acknowledged; ", "u undoes")
        assert page.engine.asked_for(commands.AcknowledgeAlerts) == [commands.AcknowledgeAlerts([1])]
        await page.press("c")
        await page.type("hm")
        await page.press("enter")
        await page.shows("noted; ", "no alert is about it")
        assert {one.alert for one in page.engine.asked_for(commands.NoteAlert)} == {1, 3}
        await page.press("m", "h")
        await page.shows("muted for an hour; u undoes")
        flows = [one.flow for one in page.engine.asked_for(commands.MuteAlerts)]
        assert sorted(flows) == sorted(set(flows)) and "etl_daily" in flows, "each flow once"


async def test_a_console_that_only_reads_takes_no_note(troubled: Project) -> None:
    async with console(troubled, read_only=READS_ONLY) as page:
        for view in ("1", "2", "5"):
            await page.press(view, "c")
            await page.shows("this console only reads")
            assert not page.engine.asked_for(commands.NoteAlert)


async def test_one_alert_has_an_address(troubled: Project) -> None:
    async with console(troubled, begin=Address("alerts", alert_id=2)) as page:
        await page.shows("[5 Alerts(1)]", "│> ! ", "flows/reports_v2.py:2")
        assert "SyntaxError" in page.line_with("│> "), "and no filter hides the others"
        await page.shows("● connection to server")
        await page.press("y")
        await page.shows("tui-flow open alert/2")


async def test_a_wide_screen_has_all_columns_code_log_and_context(
    troubled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    async with console(troubled, size=(160, 45)) as page:
        monkeypatch.setattr(page.app, "page", lambda lines, at: read.append(list(lines)[at - 1]))
        await page.press("5")
        await page.shows(
            "● new", "closed by run 502", "WHO / SENT",
            "BEFORE IT  run 812", "50 ", "ERROR load failed", "> ", "   4 │ # etl_daily", "NOT RUN BECAUSE OF IT  ▿",
            "14 DAYS", "LAST OK   run 811", "PARAMS    same as then, except date", "SENT      no messages are sent: set alert_command", "RULE      alert on",
        )  # fmt: skip
        assert "│> " in page.line_with("● new") and "812" in page.line_with("● new")
        await page.press("y")
        await page.shows("traceback", "path and line", "flows/etl_daily.py:4", "run's number   812")
        await page.press("escape", "o")
        assert "load failed" in read[0]
        await page.press("equals_sign")
        await page.shows("1 recovered are not listed", "= shows 1 recovered", "1 acked, 1 recovered")
        assert "by run 502" not in page.text
        await page.press("equals_sign")
        await page.shows("closed by run 502")
        await page.press("D")
        await page.shows("run 811 to run 812", "PARAMETERS")
        await page.press("escape", "v")
        await page.shows("the text of flows/etl_daily.py that run 812 ran was not kept")
        await page.press("j", "v", "y")
        await page.shows("tui-flow alerts show 2", "flows/reports_v2.py:2 ")
        troubled.db.execute("UPDATE alerts SET line = 0 WHERE id = 2")
        page.engine.tell(changes.AlertChanged(2, "acknowledged"))
        await page.press("escape")
        await page.hides("flows/reports_v2.py:2")
        await page.press("y")
        await page.shows("path and line")
        assert "reports_v2.py:0" not in page.text, "nobody knows the line"


def test_a_pane_says_how_long_an_acknowledgement_holds_and_offers_no_key_that_is_refused(
    in_utc: None,
) -> None:
    new = rules.happened(None, LOAD, NOON, muted=True)
    known = rules.acknowledged(new, "ops", NOON)
    ones = (new, new._replace(flow="", kind=AlertKind.BROKEN_FILE), known)
    flow, file, acked = (
        "\n".join(map(text_of, alert_about.lines(one, About(), Path("/p"), NOON, UNICODE))) for one in ones
    )
    assert "last just now; a acknowledges for 24h or until another error, m mutes" in flow
    assert max(map(len, flow.splitlines())) <= 78
    assert "a acknowledges for 24h" in file and "mutes" not in file
    assert "acked: ops   12:00:00, holds until Thu 21 Aug 12:00" in acked


def test_parameters_that_differ_are_named_as_far_as_a_line_has_room() -> None:
    assert alert_about.differences({"date": 1, "same": 2}, {"date": 3, "same": 2}) == "date"
    five = {f"a_long_parameter_{n}": n for n in range(5)}
    told = alert_about.differences(five, {})
    assert told == "a_long_parameter_0, a_long_parameter_1, a_long_parameter_2 and 2 more"
    assert alert_about.differences(five, five) == ""


def test_the_log_before_an_error_ends_with_what_tells_of_it(project: Project) -> None:
    project.run(1, "etl", "failed")
    path = project.log(
        1,
        *(said(f"row {n}") for n in range(20)),
        said("load failed\n" + REFUSED.traceback, "ERROR"),
        said("run 1 failed", "ERROR"),
    )
    told = [text.partition(": ")[2] for _, text in alert_reading.log_before(path, REFUSED)]
    assert told == ["row 15", "row 16", "row 17", "row 18", "row 19", "load failed"]
    other = REFUSED._replace(message="is not in the log")
    assert alert_reading.log_before(path, other)[-1][1].endswith("run 1 failed")
    assert alert_reading.log_before(path.with_name("none"), REFUSED) == []


def test_code_is_shown_around_a_line_of_a_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "flow.py"
    path.write_text("".join(f"line {n}\n" for n in range(1, 11)))
    lines = alert_reading.file_now(str(path))
    assert [number for number, _ in alert_reading.code_around(lines, 5)] == [2, 3, 4, 5, 6, 7]
    assert alert_reading.code_around(lines, 1)[0] == (1, "line 1")
    assert alert_reading.code_around(lines, 11) == [] == alert_reading.file_now(str(tmp_path))


@pytest.mark.parametrize(
    ("changes", "heard"),
    [
        ({"sent_at": NOON - 60}, "sent 11:59:00"),
        ({"owed_at": NOON + 60}, "due 12:01:00"),
        ({"owed_at": NOON - 60}, "owed since 11:59:00"),
        ({"kind": AlertKind.LATE}, "clears when it runs"),
        ({"state": AlertState.ACKNOWLEDGED, "changed_by": "ops"}, "ops 11:00"),
        ({"state": AlertState.RECOVERED, "changed_by": ""}, "by itself"),
        ({"muted_at": NOON - 60}, "until ok"),
        ({}, "no message"),
    ],
    ids=["sent", "due", "owed", "late", "acked", "recovered", "muted", "none"],
)
def test_it_says_who_knows_and_what_was_sent(changes: dict[str, Any], heard: str, in_utc: None) -> None:
    alert = rules.happened(None, LOAD, NOON - 3600, muted=True)._replace(changed_at=NOON - 3600, **changes)
    assert alert_list.heard(alert, NOON)[0] == heard


async def test_new_alerts_come_in_on_top_and_nothing_else_moves(troubled: Project) -> None:
    async with console(troubled) as page:
        await page.press("5", "j")
        await page.shows("flows/reports_v2.py:2")
        troubled.alert(LOAD._replace(what="refused", flow="cleanup_tmp", place="sweep"), at=time.time())
        page.engine.tell(changes.AlertChanged(4, "new"))
        await page.shows("cleanup_tmp", "2 new", "cleanup_tmp: refused; 5 shows it")
        assert page.order_of("cleanup_tmp", "load_wareh") == ["cleanup_tmp", "load_wareh"]
        assert ">" in page.line_with("SyntaxError")
        await page.press("slash")
        await page.type("refused")
        await page.shows("only: refused", "Alerts 1 of 4: 1 new")
        await page.press("enter", "escape")
        await page.shows("Alerts: 2 new")
        for words, found in (
            ("state:acked", 1),
            ("-is:new task:process", 1),
            ("flow:etl_* since:1h", 1),
            ("/^ /", 1),
        ):
            await page.press("slash", "ctrl+u")
            await page.type(words)
            await page.shows(f"only: {words}  ", f"Alerts {found} of 4: ")
        await page.press("ctrl+u")
        await page.type("state:failed")
        await page.shows(
            "This is no filter", "no state failed; there are new, muted, acknowledged, recovered"
        )
        await page.type(" dur>5m")
        await page.press("ctrl+u")
        await page.type("flow:nobody")
        await page.shows("Nothing matches", "No flow is called nobody")
        await page.press("escape")
        await page.shows("sort: new first ─╯")
        known = alerts.get_alert(troubled.db, 4)
        assert known is not None
        alerts.save(troubled.db, rules.acknowledged(known, "uid 0", time.time()))
        page.engine.tell(changes.AlertChanged(4, "acknowledged"))
        await page.shows("sort: new first, changed: g sorts")
        assert page.order_of("cleanup_tmp", "load_wareh") == ["cleanup_tmp", "load_wareh"]
        await page.press("g")
        await page.shows("sort: new first ─╯")
        assert page.order_of("cleanup_tmp", "load_wareh") == ["load_wareh", "cleanup_tmp"]
        await page.press("s", "l")
        await page.shows("sort: last time ─╯")
        assert page.order_of("cleanup_tmp", "load_wareh") == ["cleanup_tmp", "load_wareh"]


async def test_without_alerts_it_says_so_and_what_would_make_one(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("5")
        await page.shows("Nothing is wrong", "tui-flow alerts test", "[5 Alerts]")
        await page.press("a", "m", "c", "e", "r", "enter")
        assert page.app.is_running and "new alert" not in page.text


async def test_on_attach_it_says_what_happened_while_nobody_looked(troubled: Project) -> None:
    async with console(troubled) as page:
        await page.until(
            lambda: seen.last_seen(troubled.settings.state_dir), "it to be noted that somebody looked"
        )
        assert "since you looked" not in page.text
    path = troubled.settings.state_dir / f"seen-{os.getuid()}"
    assert path.stat().st_mode & 0o777 == 0o600
    os.utime(path, (time.time() - 9 * 3600,) * 2)
    async with console(troubled) as page:
        await page.shows("since you looked, 9h ago: new alert of etl_daily, 1 recovered; 5 shows more")
    old = alerts.get_alert(troubled.db, 1)
    assert old is not None
    alerts.save(troubled.db, old._replace(changed_at=time.time() - 30 * 3600))
    for what in ("first", "second"):
        troubled.alert(LOAD._replace(what=what), at=time.time() - 60)
    os.utime(path, (time.time() - 9 * 3600,) * 2)
    async with console(troubled) as page:
        await page.shows("since you looked, 9h ago: 2 new alerts, 1 known again, 1 recovered")


async def test_a_console_that_nobody_looks_at_rings_and_notifies(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.delenv("TMUX", raising=False)
    written: list[str] = []
    async with console(etl) as page:
        driver = page.app._driver
        assert driver is not None
        monkeypatch.setattr(type(driver), "write", lambda self, data: written.append(data), raising=False)
        await tell_of(page, etl, "first")
        await page.shows("first; 5 shows it")
        assert written == []
        page.app.post_message(events.AppBlur())
        await page.until(lambda: not page.app.watchman.is_looked_at, "the console to know")
        await tell_of(page, etl, "second \x1b]52;c;x\x07")
        await page.until(lambda: written, "the bell")
        assert written[0].startswith("\a\x1b]99;") and "second ␛]52" in written[0]


async def test_what_is_wrong_no_more_is_not_said_any_longer(etl: Project) -> None:
    async with console(etl) as page:
        await tell_of(page, etl, "first")
        await page.shows("first; 5 shows it")
        [alert] = alerts.list_alerts(etl.db)
        alerts.save(etl.db, rules.recovered(alert, "run 502", time.time()))
        page.engine.tell(changes.AlertChanged(alert.id, "recovered"))
        await page.shows("recovered")
        assert "first; 5 shows it" not in page.text


async def tell_of(page: Page, project: Project, what: str) -> None:
    project.alert(LOAD._replace(what=what), at=time.time())
    page.engine.tell(changes.AlertChanged(0))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "\a\x1b]99;i=tui-flow:d=0;t\x1b\\\x1b]99;i=tui-flow:p=body;a, b\x1b\\"),
        ({"TERM": "foot"}, "\a\x1b]777;notify;t;a, b\x1b\\"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "\a\x1b]777;notify;t;a, b\x1b\\"),
        ({"TERM": "xterm-256color"}, "\a\x1b]9;t: a, b\x1b\\"),
        ({"TERM": "linux"}, "\a"),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x"}, "\a\x1bPtmux;\x1b\x1b]9;t: a, b\x1b\x1b\\\x1b\\"),
    ],
    ids=lambda value: value.get("TERM", "") + "".join(sorted(value))[:3] if isinstance(value, dict) else "",
)
def test_each_terminal_is_told_in_its_own_words(environ: dict[str, str], expected: str) -> None:
    assert notify.sequence("t", "a; b", environ) == expected


def test_a_notification_is_cut_and_holds_nothing_that_a_terminal_obeys() -> None:
    text = notify.sequence("t", "\x1b]52;c;x\x07" + "x" * 1000, {"TERM": "xterm"})
    assert text.count("\x1b") == 2 and text.count("\a") == 1 and len(text) < 250


@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_kind_has_a_shape_of_one_cell(marks: Any) -> None:
    for kind in AlertKind:
        alert = rules.happened(None, LOAD._replace(kind=kind), NOON, muted=True)
        assert len(alert_list.shape(alert, marks)[0]) == 1


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (60, 20)], ids=str)
async def test_it_fits_at_every_size(troubled: Project, size: tuple[int, int]) -> None:
    async with console(troubled, size=size, engine=FakeEngine()) as page:
        await page.press("5")
        await page.shows("ingest_s3", "etl_daily")
        assert page.footer.endswith("? help") and "[5 Alerts(1)]" in page.lines[1]
        assert all(len(line) == size[0] for line in page.lines)


async def test_what_happens_while_somebody_looks_is_not_told_as_what_they_missed(troubled: Project) -> None:
    path = troubled.settings.state_dir / f"seen-{os.getuid()}"
    async with console(troubled) as page:
        await page.until(path.exists, "it to be noted that somebody looked")
        os.utime(path, (time.time() - 60,) * 2)
        troubled.alert(LOAD._replace(what="while looked at"), at=time.time() - 1)
        page.engine.tell(changes.AlertChanged(2))
        await page.shows("while looked at")
    async with console(troubled) as page:
        await page.shows("etl_daily")
        assert "since you looked" not in page.text
