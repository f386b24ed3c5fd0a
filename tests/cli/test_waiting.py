"""Whoever wonders why a run has not begun is told, by `runs` as by `show`; and what fired it."""

from tests.project import Project
from tests.waiting import wait_until

ENDLESS = """
    import time
    from tui_flow import At, flow, on_event

    @flow(schedule=on_event("go", slug="go"), max_concurrent_runs=1)
    def endless():
        while True:
            time.sleep(0.05)

    @flow(schedule=At("2040-01-01T00:00Z"))
    def far():
        pass
"""


def test_a_run_that_waits_says_why_in_the_list_and_alone(project: Project) -> None:
    project.write("endless.py", ENDLESS)
    (far,) = (one for one in project.ask("schedule", "list")["schedules"] if one["flow"] == "far")
    assert far["spec"]["times"] == far["next"] == ["2040-01-01T00:00:00.000Z"]
    for _ in range(2):
        project.ask("emit", "go")
    try:
        wait_until(lambda: [one["state"] for one in project.ask("runs")["runs"]] == ["pending", "running"])
        listed = project.tui_flow("runs").stdout.splitlines()
        assert "flow endless runs once already" in listed[1] and "already" not in listed[2]
        first, second = (one["waits"] for one in reversed(project.ask("runs")["runs"]))
        assert first is None and "flow endless runs once already" in second
        shown = project.tui_flow("show", "2").stdout
        assert "waits       flow endless runs once already" in shown and "fired by    event go" in shown
        assert project.ask("show", "2")["fired_by"]["name"] == "go"
    finally:
        for run_id in ("2", "1"):
            project.tui_flow("cancel", run_id)
    wait_until(lambda: {one["state"] for one in project.ask("runs")["runs"]} == {"cancelled"})
    skipped = [project.tui_flow("schedule", verb, "endless").stdout for verb in ("skip", "unskip")]
    assert skipped == ["endless/go skips its next event\n", "endless/go fires at its next event after all\n"]
    told = project.tui_flow("schedule", "show", "endless").stdout
    assert "overlap allow\n" in told and told.count("event go ") == 2
