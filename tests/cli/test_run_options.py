"""What can be asked of one run: when it begins, before whom, with which results, and with whose parameters."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.project import Project, temporary_project
from tui_flow.contract.rundir import RunSpec, read_spec, run_dir
from tui_flow.store import presets

FLOWS = '''
    from datetime import timedelta

    from tui_flow import flow, task
    from tui_flow.sdk.cache_policies import INPUTS


    @task(cache_policy=INPUTS, cache_expiration=timedelta(hours=1))
    def double(x: int) -> int:
        print("doubled", flush=True)
        return 2 * x


    @flow(log_prints=True)
    def cached(number: int = 3, tags: list[str] = []) -> int:
        """Doubles a number, once."""
        return double(number)
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("options")) as project:
        project.write("cached.py", FLOWS)
        yield project


def spec_of(project: Project, run_id: int) -> RunSpec:
    spec = read_spec(run_dir(project.state_dir, run_id))
    assert spec is not None
    return spec


def test_a_run_for_later_waits_through_another_engine_and_can_be_taken_back(project: Project) -> None:
    how = ("--at", "+2h", "--priority", "3", "--refresh", "--tag", "x", "-p", "tags=a,b")
    told = project.tui_flow("run", "cached", *how)
    assert told.returncode == 0 and told.stdout.startswith("run 1 begins ")
    spec = spec_of(project, 1)
    assert (spec.priority, spec.reuse, spec.tags, spec.parameters) == (
        3,
        "nothing",
        ["x"],
        {"tags": ["a", "b"]},
    )
    assert abs((spec.scheduled_for or 0) - time.time() - 7200) < 60
    assert "\npriority    3\n" in project.tui_flow("show", "1").stdout
    project.tui_flow("engine", "stop")
    assert project.tui_flow("run", "cached", "--params-from", "1").returncode == 0
    assert spec_of(project, 2).parameters == {"tags": ["a", "b"]}
    assert project.state(1) == "pending"
    assert project.tui_flow("cancel", "1").returncode == 0
    project.wait_for_state(1, "cancelled")


def test_refresh_runs_what_was_cached(project: Project) -> None:
    def said(*how: str) -> bool:
        done = project.tui_flow("run", "cached", "-p", "number=7", *how)
        assert done.returncode == 0, done.stderr
        return "doubled" in done.stdout

    assert [said(), said(), said("--refresh"), said()] == [True, False, True, False]


def test_a_preset_gives_values_and_an_unknown_one_names_those_there_are(project: Project) -> None:
    presets.save(project.state_dir, "cached", "many", {"number": 40})
    assert "cached  many  number=40" in project.tui_flow("presets").stdout
    run_id = project.ask("run", "cached", "--preset", "many", "-p", "tags=a", "--detach")["run_id"]
    assert spec_of(project, run_id).parameters == {"number": 40, "tags": ["a"]}
    assert "-100<=x<=100" in project.tui_flow("run", "cached", "--priority", "500").stderr
    refused = project.tui_flow("run", "cached", "--preset", "few")
    assert refused.returncode == 2 and "there are many" in refused.stderr
    assert project.tui_flow("presets", "cached", "--forget", "many").returncode == 0
    assert project.ask("presets") == {"presets": {}}
    unknown = project.tui_flow("presets", "cahced")
    assert unknown.returncode == 2 and "there is no flow 'cahced'" in unknown.stderr
    project.wait_for_state(run_id, "completed")


def test_a_time_that_is_none_is_refused_with_those_that_are(project: Project) -> None:
    done = project.tui_flow("run", "cached", "--at", "teatime")
    assert done.returncode == 2 and "14:30, +2h, tomorrow 03:00" in done.stderr
    done = project.tui_flow("run", "cached", "--at", "+1h", "--json")
    assert json.loads(done.stdout)["scheduled_for"].endswith("Z")
    done = project.tui_flow("run", "cached", "--at", "+1h", "--detach")
    assert done.stdout.strip().isdecimal() and "begins" in done.stderr
    for command in ("run", "plan"):
        done = project.tui_flow(command, "cached", "--at", "yesterday")
        assert done.returncode == 2 and "--at yesterday: that is in the past" in done.stderr


def test_a_task_that_is_left_out_is_skipped_also_in_a_rerun_until_that_names_it(project: Project) -> None:
    skipped = project.ask("run", "cached", "--skip", "doub*")
    run_id = str(skipped["run_id"])
    assert (skipped["state"], skipped["tasks"]) == ("completed", {"skipped": 1})
    assert "left out    doub*" in project.tui_flow("show", run_id).stdout
    assert project.ask("show", run_id)["skip"] == ["doub*"]
    assert project.ask("rerun", run_id)["tasks"] == {"skipped": 1}
    assert project.ask("rerun", run_id, "--preview", "--only", "double")["run"] == 1
    assert project.ask("rerun", run_id, "--only", "double")["tasks"] == {"completed": 1}
    assert project.ask("rerun", run_id)["tasks"] == {"skipped": 1}
    assert project.ask("rerun", run_id, "--force")["tasks"] == {"completed": 1}
    assert project.ask("show", run_id)["skip"] == []


def test_a_task_that_no_flow_has_is_refused_with_the_nearest_name_before_anything_starts(
    project: Project,
) -> None:
    before = project.ask("runs")["runs"][0]["run_id"]
    refused = project.tui_flow("run", "cached", "--only", "duoble")
    assert refused.returncode == 2 and "has no task 'duoble'" in refused.stderr
    assert "did you mean double?" in refused.stderr
    refused = project.tui_flow("run", "flows/cached.py", "--skip", "x*")
    assert refused.returncode == 2 and "its tasks: double" in refused.stderr
    for command in ("run", "plan"):
        refused = project.tui_flow(command, "cached", "--skip", "dou*", "--only", "double")
        assert refused.returncode == 2
        assert "double cannot be both skipped and the only one to run" in refused.stdout + refused.stderr
    refused = project.tui_flow("run", "cached", "--tag", "")
    assert refused.returncode == 2 and "a tag has at least one letter" in refused.stderr
    assert project.ask("runs")["runs"][0]["run_id"] == before


def test_a_plan_says_what_a_run_would_do_and_starts_nothing(project: Project) -> None:
    assert project.tui_flow("run", "cached", "-p", "number=9").returncode == 0
    before = project.ask("runs")["runs"][0]["run_id"]
    done = project.tui_flow("plan", "cached", "-p", "number=9", "--skip", "double")
    assert done.returncode == 0, done
    assert "1 task: 1 left out" in done.stdout and "a slot is free: 0 of" in done.stdout
    assert f"same values as run {before}" in done.stdout
    told = project.ask("plan", "flows/cached.py", "-p", "number=8", "--refresh")
    assert (told["good_run"], told["differs_from_last"], told["problems"]) == (before, ["number"], [])
    assert told["seconds"]["p50"] > 0 and told["tasks"][0]["name"] == "double"
    wrong = project.tui_flow("plan", "cached", "-p", "number=x", "-p", "more=1", "--only", "duble")
    assert wrong.returncode == 2
    assert "3 problems: it has no parameter more; number needs a whole number" in wrong.stdout
    assert "only there is no task 'duble'; double?" in wrong.stdout
    assert "did you mean cached?" in project.tui_flow("plan", "cachd").stderr
    assert project.ask("runs")["runs"][0]["run_id"] == before
