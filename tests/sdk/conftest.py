import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk.attempts import Attempts
from tests.sdk.history import History, require_legal
from tests.sdk.keeping import Make, keeping
from tui_flow.contract import rundir
from tui_flow.contract.masking import Masker
from tui_flow.sdk import flow_file, masking, secret_finding


@pytest.fixture(autouse=True)
def forgotten_modules(tmp_path: Path) -> Iterator[None]:
    """What a test imports from its own folder is nothing that the next one finds in its place."""
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{tmp_path}/"):
            del sys.modules[name]
    flow_file.loaded = flow_file.loaded_at = flow_file.project = None


@pytest.fixture(autouse=True)
def forgotten_secrets() -> Iterator[None]:
    """What a test keeps secret hides nothing of the next one."""
    yield
    vars(masking.masker).update(vars(Masker()))
    secret_finding._found.clear()


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    """A project for the runs of a test, whose journals must all be legal in the end."""
    project = tmp_path / "project"
    (project / "flows").mkdir(parents=True)
    monkeypatch.setenv(rundir.ENV_PROJECT, str(project))
    found = History(project)
    yield found
    for run in found.runs:
        require_legal(run.events)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes runs for keepers to guard; none of their processes is left when the test is over."""
    yield from keeping(tmp_path)


@pytest.fixture
def attempts(make: Make) -> Attempts:
    return Attempts(make)
