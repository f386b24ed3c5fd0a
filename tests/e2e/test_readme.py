"""What the README tells a newcomer to type works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

from tests.project import Project

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_first_flow_of_the_readme_runs_in_every_way_that_it_names(project: Project) -> None:
    source = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    project.write("rates.py", source)
    assert """tui-flow run rates -p currencies='["EUR"]'""" in README

    assert project.ask("run", "rates")["tasks"] == {"completed": 3}
    assert project.ask("run", "rates", "-p", 'currencies=["EUR"]')["tasks"] == {"completed": 1}
    number = project.tui_flow("run", "rates", "--detach").stdout.strip()
    assert project.wait_for_state(int(number), "completed")["flow"] == "rates"
    script = subprocess.run(
        [sys.executable, "flows/rates.py"],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
    )
    assert script.returncode == 0
    assert "3 rates, the highest is 161.4" in script.stderr
    assert [run["trigger"] for run in project.ask("runs")["runs"]] == ["script", *["command"] * 3]


def test_what_the_readme_says_is_recorded_is_there(project: Project) -> None:
    project.ask("run", "quick")
    told = re.findall(
        r"^\| `([\w/.]+)` \| ", README.partition("## What is recorded")[2].partition("\n## ")[0], re.M
    )
    assert told == ["history.db", "runs/12/journal", "runs/12/log", "runs/12/calls", "sources/", "engine.log"]
    for name in told:
        assert (project.state_dir / name.replace("12", "1")).exists()
