"""Prefect's module names, for flow files: `import prefect`, `from prefect.futures import wait`, and the same below
`tui_flow`.

Nothing is installed anywhere. `tui_flow.futures` and its like are found in any process, the whole of `prefect` only
in those that `install()` was called in: workers, and the processes that describe flow files. There an installed
Prefect wins, unless TUI_FLOW_PREFECT says "ours"; with "real" nothing of this happens.

A module that an import finds here is a view: it looks names up in the `sdk` module that stands behind it, when they
are asked for. Importing it costs next to nothing.
"""

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ENV_PREFECT = "TUI_FLOW_PREFECT"
""" "ours": flow files get this alias even where Prefect is installed. "real": they never do."""
VERSION = "3.9.1"
"""What `prefect.__version__` says: the version whose words these are."""

MODULES: dict[str, tuple[str, ...]] = {
    **{
        name: (name,)
        for name in (
            "artifacts", "assets", "automations", "blocks", "cache_policies", "concurrency", "context", "deployments",
            "events", "exceptions", "filesystems", "flow_runs", "futures", "input", "locking", "logging", "results",
            "runtime", "schedules", "serializers", "task_runners", "testing", "transactions", "types", "variables",
            "blocks.notifications", "blocks.system", "concurrency.asyncio", "concurrency.sync",
        )
    },
    "assets.core": ("assets",),
    "blocks.abstract": ("blocks.abstract",),
    "blocks.core": ("blocks.core",),
    "blocks.fields": ("blocks.fields",),
    "client": (),
    "client.orchestration": (),
    "client.schemas": ("states", "runs", "schedules"),
    "client.schemas.objects": ("states", "runs"),
    "client.schemas.schedules": ("schedules",),
    "deployments.flow_runs": ("deployments",),
    "deployments.runner": ("deployments", "types"),
    "events.schemas": (),
    "events.schemas.events": ("events",),
    "flows": ("flows", "states", "serving", "sources"),
    "input.run_input": ("input",),
    "locking.filesystem": ("locking",),
    "locking.memory": ("locking",),
    "logging.loggers": ("logging",),
    "runtime.deployment": ("runtime:deployment",),
    "runtime.flow_run": ("runtime:flow_run",),
    "runtime.task_run": ("runtime:task_run",),
    "main": ("flows", "tasks", "states", "context", "annotations", "logging"),
    "settings": ("prefect_settings",),
    "states": ("states",),
    "tasks": ("tasks", "retries", "cache_policies", "assets"),
    "testing.utilities": ("testing",),
    "utilities": (),
    "utilities.annotations": ("annotations",),
    "utilities.asyncutils": ("asyncutils",),
    "utilities.hashing": ("hashing",),
    "utilities.visualization": ("visualization",),
    "types.entrypoint": ("types",),
}  # fmt: skip
"""By Prefect's name, the modules of `sdk` in which its names are, the first that has one wins. After a colon: the
object in it that stands for the module. What is not built yet has no module there, or none at all."""

SERVER_SIDE = frozenset(
    [
        "_experimental",
        "bundles",
        "cli",
        "client",
        "deployments",
        "docker",
        "engine",
        "events",
        "infrastructure",
        "plugins",
        "runner",
        "server",
        "settings",
        "task_engine",
        "task_worker",
        "telemetry",
        "utilities",
        "workers",
    ]
)
"""Packages of Prefect's around its server, and those that it has for itself. A flow file may import from them whatever it likes, since it mostly does so
for a `deploy` that does not happen here; what it got refuses when it is used."""
_ABSENT = {
    "automations": ("Automation", "EventTrigger", "CompoundTrigger", "MetricTrigger", "SequenceTrigger"),
    "client": ("get_client",),
    "client.orchestration": ("get_client", "PrefectClient", "SyncPrefectClient"),
    "deployments": ("deploy", "initialize_project"),
    "filesystems": ("GitHub", "RemoteFileSystem", "SMB"),
    "flows": ("InfrastructureBoundFlow", "bind_flow_to_infrastructure"),
    "futures": ("PrefectDistributedFuture",),
    "logging.loggers": ("get_worker_logger",),
    "task_runners": ("PrefectTaskRunner", "DaskTaskRunner", "RayTaskRunner"),
}
"""Names that files import and few use: they can be imported, and refuse when they are used."""
_NEXT = {
    "client": "it needs Prefect's server; a flow here needs none, and `tui-flow runs --json` tells of runs",
    "automations": "it needs Prefect's server; use the hooks of flows and tasks, such as on_failure",
    "utilities": "Prefect has it for itself: use Python's own",
}
INTEGRATIONS = {
    "prefect_aws": "boto3",
    "prefect_azure": "Azure's own packages",
    "prefect_bitbucket": "a clone",
    "prefect_dask": "a ProcessPoolTaskRunner, or dask itself",
    "prefect_databricks": "databricks-sdk",
    "prefect_dbt": "dbt's own command, by subprocess.run(…),",
    "prefect_docker": "the package docker",
    "prefect_email": "smtplib, or an alert's channel,",
    "prefect_gcp": "Google's own packages",
    "prefect_github": "a clone",
    "prefect_gitlab": "a clone",
    "prefect_kubernetes": "the package kubernetes",
    "prefect_ray": "a ProcessPoolTaskRunner, or ray itself",
    "prefect_redis": "the package redis",
    "prefect_shell": "subprocess.run(…), whose output is in the run's log,",
    "prefect_slack": "SlackWebhook of prefect.blocks.notifications",
    "prefect_snowflake": "snowflake-connector-python",
    "prefect_sqlalchemy": "sqlalchemy",
}
"""Prefect's integrations, none of which work without it, and what to use instead."""
_SERVER = "it belongs to Prefect's server, and a flow here needs none; leave it out"
_LATER = "it is not there yet; leave it out"


class Alias(ModuleType):
    """One of Prefect's modules, as flow files see it."""

    def __init__(self, name: str) -> None:
        super().__init__(name, f"Prefect's {name.partition('.')[2] or name}, as tui_flow has it.")
        self.__path__: list[str] = []

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent to another process as its name."""
        return import_module, (self.__name__,)

    @property
    def _dotted(self) -> str:
        return self.__name__.partition(".")[2]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            return self._dunder(name)
        dotted = self._dotted
        inner = f"{dotted}.{name}" if dotted else name
        if inner in MODULES:
            return import_module(f"{self.__name__}.{name}")
        if not dotted:
            return getattr(import_module("tui_flow"), name)
        for home in MODULES.get(dotted, ()):
            found = _home(home)
            if found is not None and hasattr(found, name):
                return getattr(found, name)
        if name not in _ABSENT.get(dotted, ()) and is_server_side(inner):
            return import_module(f"{self.__name__}.{name}")
        return _refuse(dotted, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._dunder("__all__")})

    def __call__(self, *_: Any, **__: Any) -> Any:
        """What looks like a module of Prefect's server side may be a function there."""
        return _refuse(*self._dotted.rpartition(".")[::2])(*_, **__)

    def _dunder(self, name: str) -> Any:
        if name == "__version__" and not self._dotted:
            return VERSION
        if name == "__all__":
            home = (
                _home("")
                if not self._dotted
                else next(filter(None, map(_home, MODULES.get(self._dotted, ()))), None)
            )
            names = getattr(home, "__all__", None) or [one for one in dir(home) if not one.startswith("_")]
            return names if home is not None else []
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def _home(home: str) -> Any:
    """The sdk's module, or object in a module; None where it is not built."""
    module, _, inner = home.partition(":")
    name = f"tui_flow.sdk.{module}" if module else "tui_flow.sdk"
    try:
        found = import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            return None
        raise
    return getattr(found, inner) if inner else found


def _refuse(dotted: str, name: str) -> Any:
    """A placeholder for names that may be imported without being used; raises UnsupportedImport for all others."""
    from tui_flow.sdk.unsupported import NAMES, Absent, refuse_import

    is_built = any(_home(home) is not None for home in MODULES.get(dotted, ()))
    otherwise = "it has other names there: look at dir()" if is_built else _LATER
    next = NAMES.get(name) or _next_for(
        dotted, _SERVER if dotted.partition(".")[0] in SERVER_SIDE else otherwise
    )
    if name in NAMES or name in _ABSENT.get(dotted, ()) or dotted.partition(".")[0] in SERVER_SIDE:
        return Absent(f"prefect.{dotted}.{name}", next)
    return refuse_import(f"prefect.{dotted}.{name}", next)


def _refuse_integration(package: str) -> None:
    """Raises UnsupportedImport for one that is not installed, or that would bring a Prefect of its own."""
    from importlib.machinery import PathFinder

    from tui_flow.sdk.unsupported import refuse_import

    if PathFinder.find_spec(package) is None:
        refuse_import(f"package {package}", f"use {INTEGRATIONS[package]} in a task")


def is_server_side(dotted: str) -> bool:
    """Whether this module is one of those around Prefect's server, of which only the name is here."""
    root, _, _ = dotted.partition(".")
    return root in SERVER_SIDE and dotted not in MODULES and dotted.rpartition(".")[2][:1].islower()


def _next_for(dotted: str, otherwise: str) -> str:
    return _NEXT.get(dotted.partition(".")[0], otherwise)


class Finder:
    """Finds aliases, for `sys.meta_path`."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG004
        root, _, dotted = name.partition(".")
        if root == "tui_flow":
            return spec_of(name)
        if root in INTEGRATIONS:
            _refuse_integration(root)
        if root != "prefect" or (dotted and not isinstance(sys.modules.get(root), Alias)):
            return None
        if dotted and dotted not in MODULES and not is_server_side(dotted):
            from tui_flow.sdk.unsupported import refuse_import

            refuse_import(f"module {name}", _next_for(dotted, _SERVER))
        return ModuleSpec(name, Finder, is_package=True)  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: ModuleSpec) -> Alias:
        return Alias(spec.name)

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Nothing to run."""


def spec_of(name: str) -> ModuleSpec | None:
    """Of one of Prefect's modules below `tui_flow`, such as `tui_flow.futures`."""
    dotted = name.partition(".")[2]
    if dotted not in MODULES:
        return None
    return ModuleSpec(name, Finder, is_package=True)  # type: ignore[arg-type]


def install() -> None:
    """From now on `import prefect` finds this alias in this process, as TUI_FLOW_PREFECT says. Twice is harmless."""
    wish = os.environ.get(ENV_PREFECT, "").lower()
    if wish == "real" or Finder in sys.meta_path:
        return
    sys.meta_path.insert(0 if wish == "ours" else len(sys.meta_path), Finder)


def is_real() -> bool:
    """Whether this process has imported a Prefect that is installed."""
    return not isinstance(sys.modules.get("prefect", Alias("prefect")), Alias)
