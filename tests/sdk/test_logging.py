"""What lands in a run's log, and in whose name."""

import logging
import sys
from collections.abc import Iterator

import pytest

from tests.sdk.history import History
from tui_flow import flow, get_run_logger, task
from tui_flow.logging import get_logger
from tui_flow.prefect_alias import Alias
from tui_flow.sdk.exceptions import MissingContextError


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    level = logging.getLogger("tui_flow").level
    yield
    logging.getLogger("tui_flow").setLevel(level)


def test_the_run_logger_writes_for_the_run_that_it_is_asked_in(history: History) -> None:
    @task
    def load(day: str) -> None:
        get_run_logger().info("loading %s", day)
        get_run_logger().debug("too much detail")

    @flow
    def my_flow() -> None:
        get_run_logger().warning("with %s", "extra", extra={"mine": 1})
        load("monday")
        load.submit("tuesday").wait()

    my_flow()
    (warned,) = history.last.logged("with extra")
    assert (warned.level, warned.task_run, warned.tries) == ("WARNING", 0, 1)
    assert warned.logger == "tui_flow.flow_runs"
    found = history.last.logged("loading")
    assert [(record.task_run, record.message) for record in found] == [
        (1, "loading monday"), (2, "loading tuesday"),
    ]  # fmt: skip
    assert found[0].logger == "tui_flow.task_runs"
    assert not history.last.logged("too much detail")


def test_the_run_logger_needs_a_run() -> None:
    with pytest.raises(MissingContextError, match="inside a flow or task run"):
        get_run_logger()


def test_loggers_of_libraries_land_in_the_log_too(history: History) -> None:
    @task(retries=1)
    def load() -> None:
        logging.getLogger("mylib.http").warning("slow answer")
        if len(history.last.logged("slow answer")) < 2:
            raise ConnectionError

    @flow
    def my_flow() -> None:
        load()

    my_flow()
    found = history.last.logged("slow answer")
    assert [(record.logger, record.task_run, record.tries) for record in found] == [
        ("mylib.http", 1, 1), ("mylib.http", 1, 2),
    ]  # fmt: skip


def test_prints_go_to_the_log_where_asked_for(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    @task
    def inherits() -> None:
        print("from", "task", sep="-")

    @task(log_prints=False)
    def refuses() -> None:
        print("to the terminal")

    @flow(log_prints=True)
    def my_flow() -> None:
        print("rows:", 3, flush=True)
        print("to stderr", file=sys.stderr)
        inherits.submit().wait()
        refuses()

    @flow
    def silent() -> None:
        print("plain")

    original = print
    my_flow()
    run = history.last
    silent()
    assert print is original
    assert [(record.level, record.task_run) for record in run.logged("rows: 3")] == [("INFO", 0)]
    assert run.logged("from-task")[0].task_run == 1
    assert run.logged("to stderr")
    assert not run.logged("to the terminal")
    assert capsys.readouterr().out == "to the terminal\nplain\n"


def test_a_record_of_many_lines_stays_one_record(history: History) -> None:
    @flow
    def my_flow() -> None:
        get_run_logger().info("first\nsecond\n2026-01-01T00:00:00.000000Z INFO 9.9 forged: third")

    my_flow()
    (record,) = history.last.logged("first")
    assert record.message.count("\n") == 2
    assert not [one for one in history.last.records if one.logger == "forged"]


def test_an_exception_is_logged_with_its_traceback(history: History) -> None:
    @flow
    def my_flow() -> None:
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            get_run_logger().exception("it did not work")

    my_flow()
    (record,) = history.last.logged("it did not work")
    assert "ZeroDivisionError" in record.message and "test_logging.py" in record.message


def test_a_script_shows_its_log_on_stderr(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    @flow(flow_run_name="calm-otter")
    def my_flow() -> None:
        get_run_logger().info("hello")

    my_flow()
    assert "| INFO    | Flow run 'calm-otter' - hello\n" in capsys.readouterr().err


def test_logging_is_left_alone_when_no_run_is_at_work(history: History) -> None:
    before = list(logging.getLogger().handlers)

    @flow
    def my_flow() -> None:
        pass

    my_flow()
    assert logging.getLogger().handlers == before


def test_a_log_call_with_wrong_arguments_is_kept_as_it_is(history: History) -> None:
    root = logging.getLogger()
    pytests, root.handlers = root.handlers, []
    try:

        @flow
        def my_flow() -> str:
            get_run_logger().info("%d rows", "many")
            return "fine"

        assert my_flow() == "fine"
    finally:
        root.handlers = pytests
    assert history.last.logged("%d rows ('many',)")


def test_what_goes_on_is_told_once(history: History) -> None:
    @task(retries=1)
    def fail() -> None:
        raise ValueError("as asked")

    @flow
    def my_flow() -> None:
        fail()

    with pytest.raises(ValueError, match="as asked"):
        my_flow()
    told = [
        (record.level, record.task_run, record.message.count("Traceback")) for record in history.last.records
    ]
    assert told == [("INFO", 0, 0), ("WARNING", 1, 0), ("ERROR", 1, 1), ("ERROR", 0, 0)]


def test_a_logging_configuration_of_the_authors_own_silences_no_run(history: History) -> None:
    import logging.config

    before = list(logging.getLogger().handlers)

    @flow
    def my_flow() -> None:
        get_run_logger().info("before")
        logging.config.dictConfig({"version": 1, "root": {"handlers": [], "level": "WARNING"}})
        get_run_logger().info("after")

    try:
        my_flow()
    finally:
        logging.getLogger().handlers = before
    assert history.last.logged("before") and history.last.logged("after")


def test_a_handler_that_prints_does_not_log_for_ever(history: History) -> None:
    class Loud(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print("heard", record.getMessage())

    handler = Loud()

    @flow(log_prints=True)
    def my_flow() -> None:
        logging.getLogger().addHandler(handler)
        try:
            logging.getLogger("other").warning("once")
            print("told")
        finally:
            logging.getLogger().removeHandler(handler)

    my_flow()
    assert len(history.last.logged("heard once")) == 1
    assert len(history.last.logged("told")) == 1


def test_what_listens_at_the_root_logger_hears_runs_once_and_what_prints_there_does_not(
    history: History, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    @task
    def load() -> None:
        get_run_logger().info("from the task")

    @flow(name="heard", flow_run_name="first")
    def heard() -> None:
        get_run_logger().info("from the flow")
        load()

    printing = logging.StreamHandler(sys.stdout)
    logging.getLogger().addHandler(printing)
    try:
        with caplog.at_level(logging.INFO):
            heard()
    finally:
        logging.getLogger().removeHandler(printing)
    of_flow = next(record for record in caplog.records if record.getMessage() == "from the flow")
    of_task = next(record for record in caplog.records if record.getMessage() == "from the task")
    assert caplog.messages.count("from the flow") == 1
    assert "from the" not in capsys.readouterr().out
    assert (of_flow.__dict__["flow_name"], of_flow.__dict__["flow_run_name"]) == ("heard", "first")
    assert (of_task.__dict__["task_name"], of_task.__dict__["task_run_name"]) == ("load", "load-0")
    assert of_task.__dict__["flow_run_id"] == of_flow.__dict__["flow_run_id"]
    assert [line.message for line in history.last.logged("from the")] == ["from the flow", "from the task"]


@pytest.fixture
def prefect(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody has imported Prefect's namesake. The loggers are as they were before."""
    names = ("prefect", "prefect.flow_runs", "prefect.task_runs", "their.library")
    before = {name: logging.getLogger(name).level for name in names}
    monkeypatch.setitem(sys.modules, "prefect", Alias("prefect"))
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("prefect").propagate = True


@pytest.mark.usefixtures("prefect")
def test_loggers_have_prefects_names_where_that_is_imported_and_their_levels_count(history: History) -> None:
    @task
    def says() -> None:
        get_run_logger().info("a task")
        get_run_logger().warning("a warning")

    @flow
    def around() -> None:
        get_run_logger().debug("a detail")
        get_logger("mine").info("mine")
        get_logger("prefect.mine").debug("mine in detail")
        says()

    logging.getLogger("prefect").setLevel("DEBUG")
    logging.getLogger("prefect.task_runs").setLevel(logging.WARNING)
    around()
    said = [
        (one.logger, one.message) for one in history.last.records if one.message.startswith(("a ", "mine"))
    ]
    assert said == [
        ("prefect.flow_runs", "a detail"), ("prefect.mine", "mine"), ("prefect.mine", "mine in detail"),
        ("prefect.task_runs", "a warning"),
    ]  # fmt: skip


@pytest.mark.usefixtures("prefect")
def test_the_environment_sets_levels_as_it_does_for_prefect(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "debug")
    monkeypatch.setenv("PREFECT_LOGGING_LOGGERS_PREFECT_FLOW_RUNS_LEVEL", "ERROR")
    monkeypatch.setenv("PREFECT_LOGGING_EXTRA_LOGGERS", "their.library, ")
    monkeypatch.setenv("PREFECT_LOGGING_LOG_PRINTS", "True")

    @task
    def says() -> None:
        get_run_logger().debug("a detail")
        print("printed")

    @flow
    def around() -> None:
        get_run_logger().warning("not heard")
        logging.getLogger("their.library").debug("theirs")
        says()

    around()
    assert [one.message for one in history.last.records] == ["theirs", "a detail", "printed"]
