"""Those of Prefect's settings that count here, by its names (prefect.settings): variables of the environment, no profiles.

`PREFECT_LOGGING_LEVEL.value()` is what holds now, and `temporary_settings` changes them for a while. Settings that
have no effect here have none of these: reading one says so.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

__all__ = ["get_current_settings", "temporary_settings"]


class Setting:
    """One of Prefect's settings, which the variable of its name sets."""

    def __init__(self, name: str, read: Callable[[str], Any], default: Any) -> None:
        self.name, self._read, self._default = name, read, default

    def value(self) -> Any:
        """What holds now. Raises ValueError where the variable says what it cannot be."""
        text = os.environ.get(self.name)
        if text is None:
            return self._default() if callable(self._default) else self._default
        try:
            return self._read(text)
        except ValueError as error:
            raise ValueError(f"{self.name}={text!r} cannot be: {error}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Setting) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.value()!r}>"


def _truth(text: str) -> bool:
    known = {
        **dict.fromkeys(("1", "true", "yes", "on", "t", "y"), True),
        **dict.fromkeys(("0", "false", "no", "off", "f", "n", ""), False),
    }
    if text.strip().lower() not in known:
        raise ValueError("say true or false")
    return known[text.strip().lower()]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _folder(text: str) -> Path:
    return Path(text).expanduser()


def _storage() -> Path:
    from tui_flow.sdk.results import get_default_result_storage

    found = get_default_result_storage()
    return found.resolve() if hasattr(found, "resolve") else Path()


def _seconds(text: str) -> float | list[float]:
    found = [float(one) for one in text.split(",")]
    return found[0] if len(found) == 1 else found


_SETTINGS = {
    name: Setting(name, read, default)
    for name, read, default in (
        ("PREFECT_HOME", _folder, lambda: _folder("~/.prefect")),
        ("PREFECT_API_URL", str, None),
        ("PREFECT_API_KEY", str, None),
        ("PREFECT_UI_URL", str, None),
        ("PREFECT_LOGGING_LEVEL", str.upper, "INFO"),
        ("PREFECT_LOGGING_LOG_PRINTS", _truth, False),
        ("PREFECT_LOGGING_EXTRA_LOGGERS", _names, list),
        ("PREFECT_LOCAL_STORAGE_PATH", _folder, _storage),
        ("PREFECT_RESULTS_LOCAL_STORAGE_PATH", _folder, _storage),
        ("PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK", str, None),
        ("PREFECT_RESULTS_DEFAULT_SERIALIZER", str, "pickle"),
        ("PREFECT_RESULTS_PERSIST_BY_DEFAULT", _truth, False),
        ("PREFECT_TASKS_DEFAULT_PERSIST_RESULT", _truth, None),
        ("PREFECT_TASKS_REFRESH_CACHE", _truth, False),
        ("PREFECT_TASKS_DEFAULT_RETRIES", int, 0),
        ("PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS", _seconds, 0),
        ("PREFECT_FLOWS_DEFAULT_RETRIES", int, 0),
        ("PREFECT_FLOWS_DEFAULT_RETRY_DELAY_SECONDS", _seconds, 0),
    )
}
globals().update(_SETTINGS)


@contextmanager
def temporary_settings(
    updates: Mapping[Setting | str, Any] | None = None,
    set_defaults: Mapping[Setting | str, Any] | None = None,
    restore_defaults: Any = (),
) -> Iterator[None]:
    """Inside, settings have other values, in this process and those that it starts. Raises UnsupportedFeature for a
    setting that has no effect here."""
    defaults = {name: value for name, value in (set_defaults or {}).items() if _known(name) not in os.environ}
    wanted = {
        **{_known(name): None for name in restore_defaults},
        **{_known(name): value for name, value in {**defaults, **(updates or {})}.items()},
    }
    before = {name: os.environ.get(name) for name in wanted}
    try:
        _set(wanted)
        yield
    finally:
        _set(before)


def _known(setting: Setting | str) -> str:
    name = getattr(setting, "name", setting)
    if name not in _SETTINGS:
        from tui_flow.sdk.exceptions import UnsupportedFeature

        raise UnsupportedFeature(f"the setting {name} has no effect here", next="leave it out")
    return str(name)


def _set(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = ",".join(value) if isinstance(value, (list, tuple, set)) else str(value)


def get_current_settings() -> Any:
    """The same, in groups: `get_current_settings().logging.level`."""
    groups: dict[str, dict[str, Any]] = {}
    flat: dict[str, Any] = {}
    for name, setting in _SETTINGS.items():
        group, _, field = name.removeprefix("PREFECT_").lower().partition("_")
        if group in ("api", "ui", "logging", "results", "tasks", "flows"):
            groups.setdefault(group, {})[field] = setting.value()
        else:
            flat["_".join(filter(None, (group, field)))] = setting.value()
    return SimpleNamespace(**flat, **{name: SimpleNamespace(**fields) for name, fields in groups.items()})
