"""Takes over the project's settings when their file changes, so that they count without another engine.

What the environment said when the engine started still wins over the file. A file that cannot be read changes nothing.
"""

from collections.abc import Callable

from tui_flow import settings as project_settings
from tui_flow.contract.changes import SettingsChanged
from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.settings_file import FILES
from tui_flow.engine.bus import Bus
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.flow_files import FlowSource
from tui_flow.engine.watcher import Watcher
from tui_flow.settings import Settings

FOLLOWER = "settings"
"""For the watcher, which knows followers by the path of their flow file."""


class SettingsReader:
    def __init__(
        self, settings: Settings, watcher: Watcher, use: Callable[[Settings], None], bus: Bus, log: EngineLog
    ) -> None:
        """`use` is called with settings that are others than those before."""
        self._settings, self._watcher, self._use, self._bus, self._log = settings, watcher, use, bus, log
        self._seen: list[FlowSource] = []
        self._trouble = ""
        watcher.follow(FOLLOWER, FILES)

    def tick(self, now: float) -> float:  # noqa: ARG002
        """Reads the settings when the watcher has seen another text of a file; at first in any case, since one may have
        changed as the engine started."""
        seen = [self._watcher.modules[name]._replace(settled=True) for name in FILES]
        if seen != self._seen:
            self._seen = seen
            self._read()
        return float("inf")

    def _read(self) -> None:
        try:
            found, _ = project_settings.load(self._settings.project)
            trouble = project_settings.in_words(found.mistakes)
        except TuiFlowError as error:
            trouble = error.what
        if trouble:
            self._log.warn(f"the settings stay as they were: {trouble}")
            self._trouble = trouble
            self._bus.publish(SettingsChanged(trouble))
            return
        before, after = self._settings.of_engine(), found.of_engine()
        changed = [name for name in after if before[name] != after[name]]
        if changed:
            self._log.say(f"takes over from the settings: {', '.join(changed)}")  # no values: some are secret
            self._settings = found
            self._use(found)
        if changed or self._trouble:
            self._trouble = ""
            self._bus.publish(SettingsChanged())
