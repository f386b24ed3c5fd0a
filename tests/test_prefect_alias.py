"""Flow files that say `prefect`, and Prefect's module names below `tui_flow`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tui_flow import prefect_alias
from tui_flow.sdk.exceptions import UnsupportedFeature, UnsupportedImport


@pytest.fixture
def prefect(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`import prefect` is ours for the time of a test."""
    monkeypatch.setenv(prefect_alias.ENV_PREFECT, "ours")
    before = set(sys.modules)
    prefect_alias.install()
    yield
    sys.meta_path.remove(prefect_alias.Finder)  # type: ignore[arg-type]
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == "prefect":
            del sys.modules[name]


NAMES = [
    ("prefect", "flow task Flow Task State get_run_logger tags unmapped allow_failure serve get_client deploy"),
    ("prefect.flows", "Flow flow"),
    ("prefect.tasks", "Task task exponential_backoff"),
    ("prefect.futures", "PrefectFuture PrefectFutureList wait as_completed"),
    ("prefect.states", "State Completed Failed Cancelled Crashed StateGroup raise_state_exception"),
    ("prefect.task_runners", "ThreadPoolTaskRunner ConcurrentTaskRunner"),
    ("prefect.context", "FlowRunContext TaskRunContext get_run_context tags"),
    ("prefect.runtime", "flow_run task_run deployment"),
    ("prefect.logging", "get_run_logger get_logger"),
    ("prefect.logging.loggers", "get_run_logger"),
    ("prefect.exceptions", "FailedRun MissingResult ParameterTypeError ObjectNotFound ScriptError"),
    ("prefect.utilities.annotations", "unmapped allow_failure quote"),
    ("prefect.client.schemas.objects", "State StateType FlowRun TaskRun"),
    ("prefect.client.orchestration", "get_client PrefectClient"),
    ("prefect.deployments", "run_deployment"),
    ("prefect.testing.utilities", "prefect_test_harness"),
    ("prefect.locking.memory", "MemoryLockManager"),
    ("prefect.transactions", "transaction"),
    ("prefect.cache_policies", "NO_CACHE INPUTS"),
    ("prefect.tasks", "task_input_hash MaterializingTask"),
    ("prefect.futures", "PrefectConcurrentFuture"),
    ("prefect.states", "is_state get_state_result exception_to_failed_state"),
    ("prefect.context", "TagsContext"),
    ("prefect.logging.loggers", "get_logger disable_run_logger flow_run_logger task_run_logger print_as_log"),
    ("prefect.exceptions", "Pause PrefectSignal MissingDependencyError"),
    ("prefect.flows", "load_flow_from_entrypoint"),
    ("prefect.assets", "materialize Asset AssetProperties add_asset_metadata"),
    ("prefect.assets.core", "Asset"),
    ("prefect.variables", "Variable"),
    ("prefect.blocks.core", "Block"),
    ("prefect.blocks.system", "Secret JSON String DateTime"),
    ("prefect.blocks.notifications", "SlackWebhook MicrosoftTeamsWebhook CustomWebhookNotificationBlock"),
    ("prefect.blocks.abstract", "CredentialsBlock NotificationBlock JobBlock JobRun DatabaseBlock"),
    ("prefect.blocks.fields", "SecretDict"),
    ("prefect.types", "DateTime KeyValueLabels PositiveInteger NonNegativeFloat SecretDict"),
    ("prefect.utilities.asyncutils", "run_coro_as_sync run_sync_in_worker_thread sync_compatible gather"),
    ("prefect.utilities.hashing", "hash_objects stable_hash"),
    ("prefect.utilities.dockerutils", "build_image"),
    ("prefect.settings", "PREFECT_API_URL temporary_settings"),
    ("prefect.client.schemas.filters", "FlowRunFilter"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "names"), NAMES)
def test_the_names_that_authors_import_are_there(prefect: None, module: str, names: str) -> None:
    for name in names.split():
        assert getattr(import_module(module), name) is not None
        exec(f"from {module} import {name}")


@pytest.mark.parametrize(
    "module",
    [
        "flows", "tasks", "futures", "states", "task_runners", "cache_policies", "transactions", "results", "serializers",
        "filesystems", "locking", "artifacts", "assets", "variables", "blocks.core", "blocks.system",
        "blocks.notifications", "concurrency.sync", "concurrency.asyncio", "context", "runtime", "runtime.flow_run",
        "runtime.task_run", "runtime.deployment", "logging", "logging.loggers", "schedules", "input", "flow_runs",
        "exceptions", "types", "utilities.annotations", "client.schemas.objects", "client.schemas.schedules", "events",
        "settings", "testing.utilities",
    ],
)  # fmt: skip
def test_every_module_that_authors_import_is_there_under_both_names(prefect: None, module: str) -> None:
    theirs, ours = (dir(import_module(f"{package}.{module}")) for package in ("prefect", "tui_flow"))
    assert [name for name in theirs if not name.startswith("_")]
    assert theirs == ours or module == "settings", "where the project's own have the name"


def test_an_integration_says_what_to_use_instead_and_can_be_done_without(prefect: None) -> None:
    with pytest.raises(ImportError, match="prefect_aws") as raised:
        import_module("prefect_aws.s3")
    assert isinstance(raised.value, UnsupportedFeature) and "boto3" in raised.value.next
    try:
        import prefect_shell  # noqa: F401
    except ModuleNotFoundError as error:
        assert "subprocess.run" in str(error)


def test_what_is_named_of_prefects_own_insides_refuses_when_it_is_used(prefect: None) -> None:
    from prefect.utilities.dockerutils import build_image  # type: ignore[import-not-found]

    with pytest.raises(UnsupportedFeature, match="build_image"):
        build_image()


def test_prefect_is_the_same_as_tui_flow(prefect: None) -> None:
    import prefect as theirs  # type: ignore[import-not-found]

    import tui_flow
    from tui_flow import futures  # type: ignore[attr-defined]

    assert theirs.flow is tui_flow.flow
    assert theirs.futures.wait is tui_flow.wait is futures.wait
    assert theirs.__version__.startswith("3.")
    assert theirs.runtime.flow_run.name is None
    found: dict[str, object] = {}
    exec("from prefect import *; from prefect.states import *", found)
    assert {"flow", "task", "Completed", "State"} <= set(found)


def test_what_is_not_there_can_be_imported_and_says_so_when_it_is_used(prefect: None) -> None:
    from prefect import get_client
    from prefect.deployments import initialize_project

    def annotated(client: get_client | None = None) -> None:  # type: ignore[valid-type]
        """Naming it is no use of it."""

    annotated()
    uses = (
        lambda: get_client(),
        lambda: get_client.anything,
        lambda: type("Mine", (initialize_project,), {}),
    )
    for use in uses[:2]:
        with pytest.raises(UnsupportedFeature, match=r"no get_client\nit needs Prefect's server"):
            use()
    with pytest.raises(UnsupportedFeature, match=r"no prefect\.deployments\.initialize_project"):

        class Mine(initialize_project):  # type: ignore[misc]
            pass


@pytest.mark.parametrize(
    "statement",
    ["import prefect.orion", "from prefect.states import Nonsense", "from prefect.tasks import taks"],
)
def test_a_name_that_is_nowhere_is_an_import_error_that_names_it(prefect: None, statement: str) -> None:
    with pytest.raises(
        UnsupportedImport, match=f"tui_flow has no .*{statement.split()[-1].partition('.')[0]}"
    ):
        exec(statement)
    with pytest.raises(ImportError):
        exec(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "from prefect.docker import DockerImage as it",
        "from prefect.client.schemas.filters import FlowRunFilter as it",
        "from prefect.client.schemas.actions import anything_at_all as it",
        "from prefect.runner.storage import GitRepository as it",
        "from prefect.deployments.steps import run_shell_script as it",
        "import prefect.workers.base; it = prefect.workers.base.BaseWorker",
        "from prefect.futures import PrefectDistributedFuture as it",
    ],
)
def test_what_surrounds_prefects_server_can_be_imported_and_refuses_when_used(
    prefect: None, statement: str
) -> None:
    found: dict[str, Any] = {}
    exec(statement, found)
    with pytest.raises(UnsupportedFeature, match=r"tui_flow has no prefect\.") as caught:
        found["it"]("image")
    assert caught.value.next


def test_an_exception_that_nothing_raises_can_be_caught(prefect: None) -> None:
    from prefect.exceptions import ObjectNotFound, PrefectException

    assert issubclass(ObjectNotFound, PrefectException)
    with pytest.raises(ValueError):
        try:
            raise ValueError
        except ObjectNotFound:
            raise AssertionError from None


def test_no_such_name_below_tui_flow_is_a_plain_import_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"tui_flow\.nonsense"):
        import_module("tui_flow.nonsense")


def described(tmp_path: Path, source: str, **environment: str) -> dict[str, object]:
    """What `describe` says of a flow file, in a project that has an installed Prefect of its own in `site/`."""
    path = tmp_path / "flows" / "sample.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(dedent(source))
    end, child_end = os.pipe()
    command = [sys.executable, "-m", "tui_flow.sdk.describe", str(tmp_path), str(path), str(child_end)]
    subprocess.run(
        command, pass_fds=[child_end], stdout=subprocess.PIPE, check=True, cwd="/", env=environment
    )
    os.close(child_end)
    with os.fdopen(end) as answer:
        return json.loads(answer.read())  # type: ignore[no-any-return]


FLOW_OF_PREFECT = """
    from prefect import flow, serve

    @flow
    def sample(number: int = 1): ...

    if __name__ == "__main__":
        serve(sample)
"""


def test_a_file_that_imports_prefect_is_a_flow_file(tmp_path: Path) -> None:
    (entry,) = described(tmp_path, FLOW_OF_PREFECT)["flows"]  # type: ignore[misc]
    assert entry["name"] == "sample"


def test_an_installed_prefect_wins_unless_told_otherwise(tmp_path: Path) -> None:
    site = tmp_path / "site" / "prefect"
    site.mkdir(parents=True)
    (site / "__init__.py").write_text("from prefect.flows import Flow\nflow, serve = Flow, print\n")
    (site / "flows.py").write_text("class Flow:\n    def __init__(self, fn): pass\n")
    path = str(site.parent)
    answer = described(tmp_path, FLOW_OF_PREFECT, PYTHONPATH=path)
    assert answer["flows"] == []
    assert "TUI_FLOW_PREFECT=ours" in answer["error"]["error"]  # type: ignore[index]
    answer = described(tmp_path, FLOW_OF_PREFECT, PYTHONPATH=path, TUI_FLOW_PREFECT="ours")
    assert [entry["name"] for entry in answer["flows"]] == ["sample"]  # type: ignore[attr-defined]


def test_told_to_want_the_real_one_a_file_without_it_is_broken(tmp_path: Path) -> None:
    answer = described(tmp_path, FLOW_OF_PREFECT, TUI_FLOW_PREFECT="real")
    assert "No module named 'prefect'" in answer["error"]["error"]  # type: ignore[index]


def test_an_alias_costs_no_import_until_a_name_is_asked_for() -> None:
    program = (
        "import sys; from tui_flow import prefect_alias; prefect_alias.install(); import prefect.futures\n"
        "from prefect import flow, task; print('tui_flow.sdk.futures' in sys.modules, 'logging' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_type_checkers_know_the_modules_too() -> None:
    import tui_flow

    package = Path(tui_flow.__file__).parent
    built = {name for name in prefect_alias.MODULES if (package / "sdk" / f"{name}.py").exists()}
    assert {stub.stem for stub in package.glob("*.pyi")} == built, "each needs its tui_flow/<name>.pyi"
    for name, behind in prefect_alias.MODULES.items():
        place = package / "stubs/prefect" / name.replace(".", "/")
        stub = place / "__init__.pyi" if place.is_dir() else place.with_suffix(".pyi")
        there = [one for one in behind if ":" not in one and find_spec(f"tui_flow.sdk.{one}")]
        wanted = sorted(f"from tui_flow.sdk.{one} import *  # noqa: F403" for one in there)
        for path in (stub, package / f"{name}.pyi"):
            if path == stub or path.exists():
                found = [line for line in path.read_text().splitlines() if "tui_flow.sdk" in line]
                assert sorted(found) == wanted, path


def test_users_tests_import_prefect_and_leave_no_trace(tmp_path: Path) -> None:
    (tmp_path / "my_flow.py").write_text(
        "from prefect import flow, get_run_logger, task\n"
        "@task\ndef double(x): get_run_logger().info('x'); return 2 * x\n"
        "@flow\ndef my_flow(): return double(21)\n"
    )
    (tmp_path / "test_my_flow.py").write_text(
        "from my_flow import double, my_flow\n"
        "from prefect.logging import disable_run_logger\n"
        "from prefect.testing.utilities import prefect_test_harness\n"
        "def test_flow():\n    with prefect_test_harness():\n        assert my_flow() == 42\n"
        "def test_task():\n    with disable_run_logger():\n        assert double.fn(2) == 4\n"
    )
    (tmp_path / "flows").mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TUI_FLOW")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tui_flow.sdk.testing", "-p", "no:cacheprovider", "."],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert "2 passed" in done.stdout, done
    assert not (tmp_path / ".tui_flow").exists()


def test_dir_lists_the_names_of_a_module(prefect: None) -> None:
    assert {"name", "run_count", "parameters"} <= set(dir(import_module("prefect.runtime.task_run")))
    assert {"flow", "task"} <= set(dir(import_module("prefect")))
    assert "Completed" in dir(import_module("prefect.states"))
