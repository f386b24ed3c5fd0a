"""Those of Prefect's settings that count here."""

from pathlib import Path

import pytest

from tests.sdk.history import History
from tui_flow import flow, task
from tui_flow.sdk import prefect_settings
from tui_flow.sdk.exceptions import UnsupportedFeature
from tui_flow.sdk.prefect_settings import get_current_settings, temporary_settings

SETTINGS = {name: value for name, value in vars(prefect_settings).items() if name.startswith("PREFECT_")}


def test_a_setting_has_the_value_of_its_variable_or_prefects_default(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    assert SETTINGS["PREFECT_HOME"].value() == Path("~/.prefect").expanduser()
    monkeypatch.setenv("PREFECT_LOGGING_LOG_PRINTS", "yes")
    monkeypatch.setenv("PREFECT_LOGGING_EXTRA_LOGGERS", "dask, scipy")
    found = get_current_settings()
    assert (found.logging.log_prints, found.logging.extra_loggers) == (True, ["dask", "scipy"])
    assert (found.logging.level, found.api.url, found.tasks.refresh_cache) == ("INFO", None, False)
    assert found.local_storage_path.name == "results"
    monkeypatch.setenv("PREFECT_LOGGING_LOG_PRINTS", "perhaps")
    with pytest.raises(ValueError, match="PREFECT_LOGGING_LOG_PRINTS='perhaps' cannot be: say true or false"):
        SETTINGS["PREFECT_LOGGING_LOG_PRINTS"].value()


def test_settings_hold_for_a_while_and_have_their_effect(history: History) -> None:
    @task
    def says() -> None:
        print("printed")

    @flow
    def around() -> None:
        says()

    log_prints = SETTINGS["PREFECT_LOGGING_LOG_PRINTS"]
    with temporary_settings({log_prints: True}), temporary_settings(set_defaults={log_prints: False}):
        assert log_prints.value() is True
        around()
        with temporary_settings(restore_defaults=[log_prints]):
            assert log_prints.value() is False
    assert log_prints.value() is False
    assert [one.message for one in history.last.logged("printed")] == ["printed"]
    with pytest.raises(UnsupportedFeature, match="PREFECT_SERVER_PORT has no effect here"):
        temporary_settings({"PREFECT_SERVER_PORT": 1}).__enter__()


def test_retries_and_storage_have_defaults_in_the_environment(
    history: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PREFECT_TASKS_DEFAULT_RETRIES", "2")
    monkeypatch.setenv("PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS", "0,0.001")
    monkeypatch.setenv("PREFECT_FLOWS_DEFAULT_RETRIES", "1")
    monkeypatch.setenv("PREFECT_RESULTS_LOCAL_STORAGE_PATH", str(tmp_path / "kept"))
    tries: list[int] = []

    @task
    def third_time() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError

    @task(retries=0, persist_result=True, result_storage_key="one")
    def once() -> int:
        return 1

    @flow(name="defaults")
    def around() -> None:
        third_time()
        once()

    around()
    assert (len(tries), once.retries, around.retries) == (3, 0, 1)
    assert (tmp_path / "kept" / "one").exists()
    monkeypatch.setenv("PREFECT_TASKS_DEFAULT_RETRIES", "many")
    with pytest.raises(ValueError, match="PREFECT_TASKS_DEFAULT_RETRIES='many': numbers are expected"):
        task(lambda: 1)
