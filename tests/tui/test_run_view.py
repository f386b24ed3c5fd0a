import re
import time

from tests.tui.pages import FakeEngine, console
from tests.tui.project import NOON, REFUSED, Project, said, the_task
from tui_flow.contract import changes, commands
from tui_flow.store.records import Try

TITLE = "Flows › etl_daily › run 812"


async def test_a_failed_run_opens_at_its_first_error(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("enter")
        await page.shows(TITLE, "✗ FAILED 3m12s", "Log load_warehouse", "load failed")
        assert page.line_with("load_warehouse x2").startswith("│>")
        assert "1m02s" in page.line_with("load_warehouse x2")
        await page.shows("│> 49 OperationalError: ")
        assert "error 1/2" in page.text
        assert "e edits etl_daily.py:4" in page.message


async def test_the_tree_shows_branches_folds_maps_and_says_what_never_ran(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("▾ ✗ etl_daily", "upload[20]", "publish", "notify")
        tree = [line[1:32].rstrip() for line in page.lines[3:13]]
        assert [line.split("│")[0].rstrip() for line in tree] == [
            "  ▾ ✗ etl_daily             3m1",
            "    ▾ ✓ extract             44.",
            "        ✓ extract_orders    41.",
            "        ✓ extract_fx         3.",
            "      = transform          cach",
            "      ✓ validate            58.",
            "    ▸ ✗ upload[20] ✓19 ✗1   1m0",
            ">   ▸ ✗ load_warehouse x2   1m0",
            "      ▿ publish",
            "      ▿ notify",
        ]
        assert "upstream failed" in page.line_with("publish")


async def test_a_task_run_of_a_map_call_says_what_it_was_called_with(etl: Project) -> None:
    etl.tasks(
        812,
        [
            the_task(10 + n, "upload", "failed" if n == 7 else "completed", map_id=10, map_index=n, run_name=f"upload-{n}",
                     arguments=f"key='part-{n}', bucket='b'")
            for n in range(20)
        ],
    )  # fmt: skip
    async with console(etl, open_run=812) as page:
        await page.shows("upload[20]")
        await page.press("k", "l", "j")
        await page.shows("✓ upload-0 key='part-0', bu")
        await page.press("i")
        await page.shows("INPUT    key='part-0', bucket='b'")
        await page.press("k")
        await page.shows("✗ upload-7 key='part-7', bucket='b'")


async def test_folding_and_unfolding_keep_the_cursor_on_its_row(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("upload[20]")
        await page.press("k", "l")
        await page.shows("upload-0")
        assert page.line_with("upload[20]").startswith("│>")
        await page.press("j", "h")
        assert page.line_with("upload[20]").startswith("│>")
        await page.press("h")
        await page.hides("upload-0")
        await page.press("g", "enter")
        await page.hides("extract_orders")


async def test_all_is_folded_but_the_run_and_an_empty_log_says_why(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("equals_sign")
        await page.hides("extract_orders")
        assert page.line_with("load_warehouse x2").startswith("│>") and "▾ ✗ etl_daily" in page.text
        await page.press("j")
        await page.shows("publish never ran: upstream failed: load_warehouse")
        await page.press("equals_sign")
        await page.shows("extract_orders")
        await page.press("g", "j", "L", "L", "L")
        await page.shows("no line of ERROR or higher: L shows all")


async def test_the_wide_tree_has_columns_and_an_axis_whose_part_can_be_shown_wider(etl: Project) -> None:
    async with console(etl, open_run=812, size=(160, 45)) as page:
        await page.shows("STATE        WAIT     RUN  TRY │0s", "1m30s", "░ waiting   █ at work")
        assert "failed" in page.line_with("load_warehouse x2") and "2/2" in page.line_with(
            "load_warehouse x2"
        )
        await page.shows("w wrap on   f follow off   & none   error 1/2", "── end ──")
        await page.shows("exit code 1 ── no lines dropped ── .tui_flow/runs/812/log")
        await page.press("plus", "plus")
        await page.shows("axis 48.0s of 3m12s", "2m30s")
        await page.press("g", "j", "j")
        await page.shows("│0s")
        await page.press("minus", "minus", "minus")
        await page.shows("1m30s")
        assert "axis 48.0s" not in page.text
        assert "there is no time axis here that shows more" in page.message


async def test_the_wide_details_tell_a_tasks_past_and_what_a_rerun_would_do(etl: Project) -> None:
    for id, state in ((809, "completed"), (811, "failed")):
        etl.tasks(id, [the_task(1, "load_warehouse", state, at=id * 60.0, took=12.1)])
    async with console(etl, open_run=812, size=(160, 45)) as page:
        await page.shows("HISTORY  ✓✗✗  its last 3 runs", "LAST OK  run 809", "12.1s", "i hides")
        await page.shows("r f  reuse 5, run 3", "r t  from load_warehouse", "$ tui-flow"[2:])
        await page.shows("critical path")
        await page.press("k")
        await page.shows("20 of 20 are over", "✓ 19 ok", "p50 6.0s", "upload-7", "SLOWEST", "HISTORY  ✗")
        await page.press("g")
        await page.shows("CLI      tui-flow rerun 812")
        await page.press("i")
        await page.hides("PARAMETERS")


async def test_a_task_that_was_tried_again_unfolds_into_its_tries(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("l", "j", "j")
        await page.shows("Log load_warehouse, try 2 of 2", "OperationalError")
        assert "31402 rows" not in page.text
        assert "✗ try 1" in page.text and "✗ try 2" in page.text
        first, last = (
            Try(NOON + 10, NOON + 13, "Refused: too many"),
            Try(NOON + 20, NOON + 25, "OperationalError: no"),
        )
        task = the_task(40, "load_warehouse", "failed", at=10, took=15, tries=2, max_tries=2, failure=REFUSED,
                        run_name="load_warehouse", tried=(first, last), revision=99)  # fmt: skip
        etl.tasks(812, [task])
        page.engine.tell(changes.RunChanged(812, "etl_daily", "failed"))
        await page.press("i")
        await page.shows("load_warehouse, try 2 of 2", "(5.0s)", "OperationalError: connection")
        await page.press("k")
        await page.shows(
            "load_warehouse, try 1 of 2", "FAILED  try 1 of 2", "(3.0s)", "message  Refused: too many"
        )
        assert "connection to server" not in page.text, "which is what the other try failed with"


async def test_details_show_the_parameters_and_the_traceback(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("i")
        await page.shows("✗ FAILED", "try 2 of 2", "after    validate", "reason   error")
        await page.press("tab", "G")
        await page.shows("load_warehouse", "conn = connect(dsn)")
        await page.press("shift+tab", "g")
        await page.shows("✗ FAILED  exit code 1")
        await page.press("tab", "pagedown", "pagedown")
        await page.shows("PARAMETERS", "date = 2026-08-20")
        await page.press("shift+tab", "i")
        await page.shows("Log whole run")


async def test_one_pane_zooms_and_comes_back(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("tab", "z")
        await page.hides("Tasks")
        await page.press("escape")
        await page.shows("Tasks", TITLE)


async def test_a_live_run_grows_without_moving_the_cursor(etl: Project) -> None:
    etl.run(900, "ingest_s3", "running", started_at=time.time())
    etl.tasks(900, [the_task(1, "first", at=900 * 60.0), the_task(2, "second", "running", at=900 * 60.0)])
    etl.log(900, said("begun", task=1))
    async with console(etl, open_run=900) as page:
        await page.shows("RUNNING", "first-1", "second-2", "begun")
        await page.press("j")
        await page.shows("Log first-1")
        etl.tasks(900, [the_task(2, "second", revision=8), the_task(3, "third", "running", revision=9)])
        page.engine.tell(changes.TasksChanged(900))
        await page.shows("third-3")
        assert page.line_with("first-1 ").startswith("│>")
        etl.tasks(900, [the_task(3, "third", revision=10, run_name="the third one")])
        page.engine.tell(changes.TasksChanged(900))
        await page.shows("✓ the third one")
        etl.log(900, said("more of it", task=1))
        await page.shows("more of it")
        etl.set_run(900, "completed")
        page.engine.tell(changes.RunChanged(900, "ingest_s3", "completed"))
        await page.shows("✓ COMPLETED")


async def test_a_run_that_goes_on_says_how_far_it_is_by_what_the_flow_usually_takes(etl: Project) -> None:
    etl.run(899, "ingest_s3", took=600.0)
    etl.run(900, "ingest_s3", "running", started_at=time.time() - 240)
    async with console(etl, open_run=900) as page:
        await page.shows("RUNNING 4m", " left ", "% ~")
        assert re.search(r"▸ ingest_s3 +4m\d\ds │█+──+ 4\d% ~[56]m", page.text), page.text
        await page.press("i")
        await page.shows("estimate it took 10m00s in the only run that did all of it")
    etl.set_run(900, "running", started_at=time.time() - 900)
    async with console(etl, open_run=900) as page:
        await page.shows("RUNNING 15m", "s slow ")
        assert "% ~" not in page.text


async def test_the_cursor_follows_the_running_task_when_asked(etl: Project) -> None:
    at = 900 * 60.0
    etl.run(900, "ingest_s3", "running", started_at=NOON + at)
    etl.tasks(900, [the_task(1, "first", at=at), the_task(2, "second", "running", at=at + 1)])
    async with console(etl, open_run=900) as page:
        await page.shows("second-2")
        await page.press("F")
        await page.shows("F follows the running task")
        assert page.line_with("second-2").startswith("│>")
        etl.tasks(
            900,
            [
                the_task(2, "second", revision=8, at=at),
                the_task(3, "third", "running", at=at + 2, revision=9),
            ],
        )
        page.engine.tell(changes.TasksChanged(900))
        await page.shows("third-3", "Log third-3")
        assert page.line_with("third-3 ").startswith("│>")


async def test_cancelling_asks_first_and_kill_is_another_key(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.CancelRun] = {"state": "cancelling"}
    async with console(etl, engine=engine, open_run=501) as page:
        await page.shows("RUNNING")
        await page.press("x")
        await page.shows("Cancel run 501?")
        await page.press("escape", "X")
        await page.shows("Kill run 501?")
        await page.press("right", "enter")
        await page.shows("run 501 was asked to end")
        assert engine.asked[-1] == commands.CancelRun(501, kill=True)


async def test_a_run_that_is_over_cannot_be_cancelled(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("FAILED")
        await page.press("x")
        assert "run 812 is over" in page.message


async def test_running_again_uses_the_same_parameters_and_opens_the_new_run(etl: Project) -> None:
    engine = FakeEngine()

    def start(command: commands.RunFlow) -> dict[str, int]:
        etl.run(813, command.flow, "pending", parameters=command.parameters)
        return {"run_id": 813}

    engine.answers[commands.RunFlow] = start
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("FAILED")
        await page.press("r", "n")
        await page.shows("run 813", "◌ PENDING")
        assert engine.asked[-1].parameters == {"date": "2026-08-20", "full": False}


async def test_running_again_asks_for_what_was_asked_not_for_what_the_screen_shows(etl: Project) -> None:
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = {"run_id": 812}
    numbers = list(range(5000))
    etl.spec(812, parameters={"date": numbers})
    async with console(etl, engine=engine, open_run=812) as page:
        await page.shows("FAILED")
        await page.press("r", "n")
        await page.until(lambda: engine.asked_for(commands.RunFlow), "the run to be asked for")
        assert engine.asked_for(commands.RunFlow)[-1].parameters == {"date": numbers}


async def test_older_and_newer_runs_of_the_flow_are_a_key_away(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("run 812", "FAILED")
        await page.press("comma")
        await page.shows("run 811", "COMPLETED")
        await page.press("full_stop")
        await page.shows("run 812", "FAILED")
        await page.press("full_stop")
        assert "this is the newest run of etl_daily" in page.message


async def test_a_run_that_is_not_there_says_so(etl: Project) -> None:
    async with console(etl, open_run=4711) as page:
        await page.shows("there is no run 4711")
        await page.press("escape")
        await page.shows("sort: newest")


async def test_sizes_from_small_to_wide_show_all_there_is(etl: Project) -> None:
    for size in ((60, 20), (80, 24), (160, 45)):
        async with console(etl, open_run=812, size=size) as page:
            await page.shows("load_warehouse", "OperationalError")
            assert all(len(line) == size[0] for line in page.lines)
            assert page.footer.endswith("? help")
            if size[0] == 160:
                await page.shows("try 2 of 2", "TRACEBACK")


async def test_help_lists_every_key_that_works_here(etl: Project) -> None:
    async with console(etl, open_run=812, size=(80, 45)) as page:
        await page.shows("FAILED")
        await page.press("question_mark")
        await page.shows(" RUN", "EVERYWHERE", "STATES")
        assert set("xXnNfFwLtizeyDvoSHWA&,./") <= set(page.text.split())


async def test_no_key_does_nothing_without_a_word(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("FAILED")
        for key in ("f", "F", "w", "t", "L", "n", "N", "x", "z", "z", "i", "i", "y"):
            before = page.text
            await page.press(key)
            assert page.text != before, key


async def test_a_terminal_that_grows_wide_shows_the_details_at_once(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("FAILED")
        await page.pilot.resize_terminal(160, 45)
        await page.shows("try 2 of 2", "TRACEBACK")


async def test_a_long_run_name_keeps_its_distance_from_the_keys(project: Project) -> None:
    project.flow("f" * 60)
    project.run(900, "f" * 60, run_name="n" * 90)
    async with console(project, open_run=900) as page:
        await page.shows("COMPLETED 10.0s", " , older  . newer")


async def test_a_tiny_terminal_keeps_the_keys_in_sight(etl: Project) -> None:
    async with console(etl, size=(40, 10)) as page:
        await page.shows("etl_dai")
        assert page.footer.endswith("? help")
        await page.press("enter")
        await page.shows("load", "Log ")
        assert page.footer.endswith("? help")


async def test_a_tree_that_is_longer_than_its_pane_says_where_one_is(etl: Project) -> None:
    async with console(etl, open_run=812, size=(80, 20)) as page:
        await page.shows("Log load_warehouse")
        await page.press("g")
        await page.shows(" 1/10 ")
        await page.press("G")
        await page.shows(" 10/10 ")


async def test_a_run_that_fails_while_somebody_looks_says_so_and_offers_its_errors(etl: Project) -> None:
    etl.run(900, "ingest_s3", "running", started_at=time.time())
    async with console(etl) as page:
        await page.look_for("ingest")
        await page.press("enter")
        await page.shows("RUNNING")
        assert "n error" not in page.footer
        section, drawn = page.app.screen_stack[0].section, list[bool]()
        draw = section.take_overview
        section.take_overview = lambda: (drawn.append(True), draw())
        etl.log(900, said("no more room", "ERROR"))
        etl.set_run(900, "failed")
        page.engine.tell(changes.RunChanged(900, "ingest_s3", "failed"))
        await page.shows("✗ FAILED", "run 900 failed: n next error, N previous", " n error ")
        await page.until(lambda: page.app.overview.runs["ingest_s3"][0].ended_at, "the history to be read")
        assert not drawn, "what lies behind waits until somebody looks"
        await page.press("q")
        assert page.message == ""
        assert drawn and "✗" in page.line_with("ingest_s3")


async def test_keys_that_cannot_do_anything_in_a_run_that_is_over_change_nothing(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("opened at the first error: n next, N previous", "f off")
        await page.press("f")
        assert "its log does not grow" in page.message and "f off" in page.text
        await page.press("F")
        assert "no task runs" in page.message and "F follows" not in page.text
        await page.look_for("wh-2")
        assert page.footer.startswith("n match")
        await page.press("escape")
        assert page.footer.startswith("n error")


async def test_the_empty_log_of_a_run_that_crashed_says_why_it_ended_whole(project: Project) -> None:
    why = "the process was ended by SIGKILL: somebody killed it, or the machine ran out of memory"
    project.flow("wild")
    project.run(5, "wild", "crashed", message=why)
    project.tasks(5, [the_task(1, "nap", "crashed")])
    project.log(5)
    async with console(project, open_run=5) as page:
        await page.shows("nap-1 wrote nothing; run 5 crashed: the process was ended", "ran out of memory")


async def test_a_run_that_crashed_says_why_its_process_ended_also_inside_a_task(project: Project) -> None:
    project.flow("wild")
    project.run(5, "wild", "crashed", message="its worker was ended by SIGKILL")
    project.log(5, said("Begins"))
    project.run(6, "wild", "running")
    project.tasks(6, [the_task(1, "load", "crashed", at=360)])
    project.log(6, said("nobody home", "ERROR", task=1))
    async with console(project, open_run=5) as page:
        await page.shows("crashed: its worker was ended by SIGKILL")
        await page.press("full_stop")
        await page.shows("run 6", "RUNNING")
        project.set_run(6, "crashed", message="the machine went down")
        page.engine.tell(changes.RunChanged(6, "wild", "crashed"))
        await page.shows("run 6 crashed: the machine went down")
        await page.press("comma")
        await page.shows("crashed: its worker was ended by SIGKILL")
        await page.press("full_stop")
        await page.shows("Log load", " crashed: the machine went down")
