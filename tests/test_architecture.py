"""What the linters cannot see: what a fresh interpreter imports, what lies at the top, what the README promises."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "pyproject.toml",
    "tui_flow",
    "flows",
    "tests",
    "README.md",
    "screenshots",
    "LICENSE",
    "CHANGELOG.md",
}
HEAVY = {
    "textual", "pydantic", "sqlite_utils", "rich", "watchfiles", "psutil", "cloudpickle", "platformdirs", "sqlite3",
    "asyncio", "logging", "inspect", "dataclasses", "multiprocessing", "concurrent",
}  # fmt: skip


def imported_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after a statement, and that a bare one does not."""
    script = (
        "import sys, json; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", ["import tui_flow", "from tui_flow import flow, task"])
def test_the_authors_api_imports_nothing_heavy(statement: str) -> None:
    assert imported_by(statement) & HEAVY == set()


@pytest.mark.parametrize(
    "statement",
    [
        "import tui_flow.cli.main",
        "import tui_flow.client",
        "from tui_flow.cli.commands import run, runs, show, logs, cancel, flows, engine, doctor, config, completion",
        "import tui_flow.cli.live, tui_flow.cli.plain, tui_flow.cli.watch",
    ],
)
def test_a_command_starts_without_the_console_and_without_pydantic(statement: str) -> None:
    assert imported_by(statement) & {"textual", "pydantic", "sqlite_utils", "watchfiles", "rich"} == set()


def test_the_engine_starts_without_the_console_and_without_pydantic() -> None:
    found = imported_by("import tui_flow.engine.__main__")
    assert found & {"textual", "pydantic", "click", "rich"} == set()


def test_only_the_allowed_lies_at_the_top() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git work tree")
    top = {line.partition("/")[0] for line in tracked.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= ALLOWED


def readme_commands() -> list[str]:
    """The lines of the README's shell blocks that set up the environment."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("python3 -m venv")]


def test_the_readme_has_one_line_to_try_it_and_one_to_test_it() -> None:
    opens, tests = readme_commands()
    assert opens.endswith("&& .venv/bin/tui-flow")
    assert tests.endswith("-m pytest -q -n 2")


def test_ci_runs_the_readmes_own_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    extract = next(line for line in script.splitlines() if line.startswith("tests=$("))
    done = subprocess.run(
        ["bash", "-c", f'{extract}; echo "$tests"; echo "${{tests% && *}}"'],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    whole, setup = done.stdout.splitlines()
    assert whole == readme_commands()[1]
    assert setup == whole.removesuffix(" && .venv/bin/python -m pytest -q -n 2")
    assert script.rstrip().endswith('eval "$tests"')


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for name in ("README.md", ".github/CONTRIBUTING.md", "CHANGELOG.md"):
        page = ROOT / name
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{name} links to {target}"


def test_the_readme_names_every_setting_with_its_default() -> None:
    from dataclasses import MISSING

    from tui_flow.settings import Settings

    readme = (ROOT / "README.md").read_text()
    for name, field in Settings.__dataclass_fields__.items():
        if name not in ("project", "mistakes"):
            default = "none" if field.default is MISSING else str(field.default).removesuffix(".0")
            assert f"| `{name}` | {default} |" in readme


def test_the_readme_names_every_command() -> None:
    from tui_flow.cli.main import COMMANDS

    readme = (ROOT / "README.md").read_text()
    assert all(f"| `tui-flow {name}" in readme for name in COMMANDS)
