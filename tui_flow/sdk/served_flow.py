"""What `flow.to_deployment()` makes: a flow under a name, with schedules, parameters and limits of its own."""

import copy
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui_flow.contract import schedules as contract
from tui_flow.sdk.definitions import checked_count
from tui_flow.sdk.exceptions import InvalidNameError, UnsupportedFeature
from tui_flow.sdk.readable import as_json
from tui_flow.sdk.schedules import Cron, Interval, RRule, Schedule, checked_schedules

if TYPE_CHECKING:
    from tui_flow.sdk.flows import Flow

_PATTERNS = {"cron": Cron, "interval": Interval, "rrule": RRule}
_POOLS = "runs are made by the engine: no pool is needed; leave it out"
_REFUSED = {
    "work_pool_name": _POOLS,
    "work_queue_name": _POOLS,
    "job_variables": "set what the flow needs in the environment of the engine",
    "_sla": "`tui-flow schedule show` tells what was late",
}


class RunnerDeployment:
    """Prefect's name. `serve` takes it."""

    def __init__(
        self,
        flow: "Flow[..., Any]",
        name: str | None = None,
        *,
        interval: Any = None,
        cron: Any = None,
        rrule: Any = None,
        paused: bool | None = None,
        schedule: Any = None,
        schedules: Any = None,
        concurrency_limit: Any = None,
        parameters: dict[str, Any] | None = None,
        triggers: Any = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        version: str | None = None,
        enforce_parameter_schema: bool = True,
        entrypoint_type: Any = None,
        **more: Any,
    ) -> None:
        """Raises ValueError for more than one way of saying when, or a flow that is in no file; InvalidNameError;
        UnsupportedFeature for what needs Prefect's server."""
        _refuse(more)
        self._path, self._function = _place_of(flow)
        self.flow_name = flow.name
        self.name = _checked_name(flow.name if name is None else name)
        self.paused = paused
        self.schedules = _scheduled(interval, cron, rrule, schedule, schedules, triggers)
        self.concurrency_limit = checked_count(
            getattr(concurrency_limit, "limit", concurrency_limit), "limit"
        )
        self.parameters = dict(parameters or {})
        self.description = description or flow.description
        self.tags = sorted(tags or ())
        self.version = version or flow.version
        self.enforce_parameter_schema = enforce_parameter_schema
        self.entrypoint_type = entrypoint_type

    @property
    def full_name(self) -> str:
        """Such as "etl/nightly", which `run_deployment` takes."""
        return f"{self.flow_name}/{self.name}"

    @property
    def entrypoint(self) -> str:
        return f"{self._path}:{self._function}"

    def wish(self) -> dict[str, Any]:
        """The fields of a `contract.commands.FlowToServe`. Raises TypeError for parameters that are not JSON."""
        return {
            "path": self._path,
            "flow": self._function,
            "name": self.name,
            "schedules": [self._declared(one.declared) for one in self.schedules],
            "parameters": as_json(self.parameters),
            "description": self.description,
            "tags": self.tags,
            "version": self.version,
            "limit": self.concurrency_limit,
        }

    def apply(self, *_: Any, **__: Any) -> NoReturn:
        """Prefect stores it on its server; here the script that serves it has to be there."""
        raise UnsupportedFeature(
            "tui_flow has no RunnerDeployment.apply()", next="serve it: serve(my_flow.to_deployment(…))"
        )

    aapply = apply

    def _declared(self, one: contract.Schedule) -> dict[str, Any]:
        """Named after what is served, unless its author named it."""
        slug = one.slug
        if slug == contract.default_slug(one.when):
            slug = self.name if len(self.schedules) == 1 else f"{self.name}:{slug}"
        active = one.active and not self.paused
        parameters = as_json(one.parameters)
        return contract.to_json(one._replace(slug=slug, active=active, parameters=parameters))

    def __repr__(self) -> str:
        return f"<{self.full_name}: {', '.join(map(repr, self.schedules)) or 'no schedule'}>"


def _refuse(more: dict[str, Any]) -> None:
    for option, value in more.items():
        if option in _REFUSED and value:
            raise UnsupportedFeature(f"to_deployment({option}=) does not work here", next=_REFUSED[option])
        if option not in _REFUSED and option != "version_type":
            raise TypeError(f"to_deployment() got an unexpected keyword argument {option!r}")


def _checked_name(name: Any) -> str:
    """The name; of a path of a file (`serve(__file__)`) the file's stem."""
    if not isinstance(name, str):
        raise TypeError(f"a flow is served under a name, not under {name!r}")
    found: str = Path(name).stem if Path(name).is_file() else name
    if not found.strip() or any(character in found for character in "/%&><"):
        raise InvalidNameError(
            f"Name {found!r} contains an invalid character. Must not be empty or contain any of: / % & > <"
        )
    return found


def _place_of(flow: "Flow[..., Any]") -> tuple[str, str]:
    """The flow's file, absolute, and the name that holds it there. Raises ValueError where there is none."""
    code = getattr(inspect.unwrap(flow.fn), "__code__", None)
    path = Path(code.co_filename) if code else None
    if path is None or not path.is_file():
        raise ValueError(f"flow {flow.name!r} is in no file, so no run of it can be started: save it in one")
    for name, value in getattr(flow.fn, "__globals__", {}).items():
        if isinstance(value, type(flow)) and value.fn is flow.fn:
            return str(path.resolve()), str(name)
    raise ValueError(
        f"flow {flow.name!r} has no name of its own in {path.name}, so no run can find it there: define it at the top "
        "level of the file"
    )


def _scheduled(
    interval: Any, cron: Any, rrule: Any, schedule: Any, schedules: Any, triggers: Any
) -> list[Schedule]:
    given = {"interval": interval, "cron": cron, "rrule": rrule, "schedule": schedule, "schedules": schedules}
    said = {name: value for name, value in given.items() if value is not None}
    if len(said) > 1:
        raise ValueError("Only one of interval, cron, rrule, schedule, or schedules can be provided.")
    found = [one for name, value in said.items() for one in _listed(value) for one in [_one(name, one)]]
    for trigger in _listed(triggers) if triggers is not None else ():
        if not isinstance(trigger, Schedule):
            raise UnsupportedFeature(
                f"triggers= does not take {trigger!r}",
                next="use on_event, on_flow, on_file or on_condition of tui_flow.schedules",
            )
        found.append(trigger)
    return checked_schedules(None, found)


def _one(name: str, value: Any) -> Any:
    """One of `interval=`, `cron=`, `rrule=`, or of `schedule=` and `schedules=`: a schedule, or its fields."""
    if isinstance(value, Schedule):
        return value
    if name in _PATTERNS:
        return _PATTERNS[name](value)
    if isinstance(value, dict):
        return _of_fields(value)
    return value


def _of_fields(fields: dict[str, Any]) -> Any:
    """Prefect's other way to write one: `{"cron": "0 3 * * *", "timezone": "Europe/Paris", "active": True}`."""
    inner = fields.get("schedule")
    if isinstance(inner, Schedule):
        more = {
            name: fields[name] for name in ("active", "slug", "parameters") if fields.get(name) is not None
        }
        made = copy.copy(inner)
        made.declared = inner.declared._replace(**more)
        return made
    for name, pattern in _PATTERNS.items():
        if name in fields:
            return pattern(**fields)
    return fields


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
