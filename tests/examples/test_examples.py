"""The examples do what they say, as `from prefect …` and as `from tui_flow …`.

An example is a script in this folder: a documented use of Prefect's words, in a few lines, that prints the same every
time. What it prints stands at its end, after `# Output:`. All run in one process for each of the two packages.
"""

import json
import subprocess
import sys

import pytest

from tests.examples.run_all import HERE, expected, names


@pytest.fixture(scope="module")
def printed() -> dict[str, dict[str, str]]:
    """What each example prints, by package and name."""
    started = {
        package: subprocess.Popen(
            [sys.executable, "-m", "tests.examples.run_all", package],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=HERE.parent.parent,
        )
        for package in ("prefect", "tui_flow")
    }  # fmt: skip
    return {package: json.loads(process.communicate(timeout=120)[0]) for package, process in started.items()}


@pytest.mark.parametrize("name", names())
def test_an_example_prints_what_it_says_whatever_it_imports(
    printed: dict[str, dict[str, str]], name: str
) -> None:
    assert printed["prefect"][name] == printed["tui_flow"][name] == expected(name)
