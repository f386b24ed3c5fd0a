"""What the commands say where the running engine has other settings than they."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.engine.running import Running
from tui_flow.cli.main import cli
from tui_flow.contract import rundir
from tui_flow.contract.commands import GetStatus


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "flows").mkdir()
    running = Running(tmp_path)
    running.serve("--stay", TUI_FLOW_MAX_CONCURRENT_RUNS="5", TUI_FLOW_ALERT_URLS="https://x.example/key")
    yield running
    running.stop()


def test_what_an_engine_has_from_another_environment_is_told(engine: Running) -> None:
    def invoke(*args: str) -> str:
        return CliRunner().invoke(cli, ["--project", str(engine.project), *args]).output

    (engine.project / "tui_flow.toml").write_text("grace_seconds = 3")
    found = json.loads(invoke("config", "--json"))
    assert found["max_concurrent_runs"] == {"value": 8, "origin": "default", "engine": 5}
    assert found["alert_urls"]["engine"] == ["https://x.example"]
    assert found["grace_seconds"] == {"value": 3.0, "origin": "tui_flow.toml"}
    assert "settings" not in json.loads(invoke("engine", "status", "--json"))
    for args in (("config",), ("engine", "status"), ("doctor",)):
        told = invoke(*args)
        assert "restart needed" in told and "tui-flow engine stop" in told, args
        assert "max_concurrent_runs, alert_urls" in told and "/key" not in told, args
    stopped = invoke("engine", "stop")
    assert stopped.startswith("stopped the engine (pid ") and stopped.endswith(")\n"), "and no word of runs"


def test_an_engine_of_another_version_is_named_and_replaced_by_engine_start(
    engine: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def invoke(*args: str) -> str:
        return CliRunner().invoke(cli, ["--project", str(engine.project), *args]).output

    before = json.loads(invoke("engine", "status", "--json"))
    assert (
        not before["other_version"]
        and json.loads(invoke("engine", "start", "--json"))["pid"] == before["pid"]
    )
    monkeypatch.setattr("tui_flow.client.other_version.SCHEMA_VERSION", before["schema"] + 1)
    for args in (("engine", "status"), ("doctor",)):
        assert "tui-flow engine start replaces it" in invoke(*args), args
    try:
        told = invoke("engine", "start")
        assert (
            f"stopped the engine of version {before['version']} with another history (pid {before['pid']})"
            in told
        )
        monkeypatch.undo()
        after = json.loads(invoke("engine", "status", "--json"))
        assert after["pid"] != before["pid"] and not after["other_version"]
    finally:
        invoke("engine", "stop")


@pytest.mark.parametrize(
    ("verb", "says"),
    [("stop", "stopped the engine (pid "), ("start", "stopped the engine of version unknown")],
)
def test_an_engine_that_speaks_another_protocol_can_be_stopped(
    engine: Running, monkeypatch: pytest.MonkeyPatch, verb: str, says: str
) -> None:
    pid = engine.ask(GetStatus())["pid"]
    engine.hang_up()
    with monkeypatch.context() as later:
        later.setattr("tui_flow.contract.wire.VERSION", 2)
        told = CliRunner().invoke(cli, ["--project", str(engine.project), "engine", verb]).output
    assert says in told and str(pid) in told
    assert rundir.lock_holder(engine.state_dir / rundir.ENGINE_LOCK) != pid
    CliRunner().invoke(cli, ["--project", str(engine.project), "engine", "stop"])
