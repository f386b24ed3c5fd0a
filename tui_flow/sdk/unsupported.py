"""Prefect's words that do not work here, each with one clear error that says what to do instead."""

from tui_flow.sdk.exceptions import UnsupportedFeature, UnsupportedImport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_DEPLOY = "there are no work pools: serve it, my_flow.serve(cron=…), or save it in flows/ with @flow(schedule=Cron(…))"
_SERVER = "it needs Prefect's server; leave it out, a flow here needs none"
_WORKERS = "it needs Prefect's task workers; call the task in a flow, with .submit() where others shall go on meanwhile"
NAMES = {
    "deploy": _DEPLOY,
    "get_client": _SERVER,
}
"""Names that `from prefect import …` knows."""
METHODS = {
    **dict.fromkeys(("deploy", "adeploy"), _DEPLOY),
    "serve": _WORKERS,
    **dict.fromkeys(("delay", "apply_async"), _WORKERS),
}
"""Methods of flows and tasks."""
OPTIONS = {
    "task_runner": "use ThreadPoolTaskRunner(max_workers=…), or leave it out",
}
"""Keywords of `@flow` and `@task`."""


class Absent:
    """What stands for a name of Prefect's that works only with its server, or not yet. It can be imported and named in
    annotations, so that a flow file whose other parts work does; using it raises UnsupportedFeature."""

    def __init__(self, name: str, next: str) -> None:
        self._name, self._next = name, next

    def _refuse(self, *_: "Any", **__: "Any") -> "Any":
        raise UnsupportedFeature(f"tui_flow has no {self._name}", next=self._next)

    __call__ = __enter__ = __aenter__ = __iter__ = __mro_entries__ = __await__ = _refuse

    def __getattr__(self, name: str) -> "Any":
        if name.startswith("_"):
            raise AttributeError(name)
        return self._refuse()

    def __getitem__(self, _: object) -> "Absent":
        return self

    def __or__(self, _: object) -> "Absent":
        return self

    __ror__ = __or__

    def __repr__(self) -> str:
        return f"<{self._name}, which tui_flow has not>"


def refuse_import(what: str, next: str) -> "NoReturn":
    """Raises the error that an import statement shows, and that `except ImportError` catches."""
    raise UnsupportedImport(f"tui_flow has no {what}", next=next)


def absent_method(owner: str, name: str) -> Absent:
    """What stands for a method that Prefect has and we have not. Raises AttributeError for any other name."""
    if name not in METHODS:
        raise AttributeError(f"{owner!r} object has no attribute {name!r}")
    return Absent(f"{owner}.{name}()", METHODS[name])


def refuse_option(decorator: str, option: str) -> None:
    """Raises UnsupportedFeature for a keyword that was given a value which would have to do something."""
    raise UnsupportedFeature(f"@{decorator}: {option}= does not work here", next=OPTIONS[option])
