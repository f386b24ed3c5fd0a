"""Everything that apprise knows (mail, Telegram, ntfy, PagerDuty …): `pip install 'tui-flow[alerts]'`."""

from typing import Any

from tui_flow.alerts.channels import ChannelFailed
from tui_flow.alerts.redaction import place_of


class NotificationService:
    def __init__(self, url: str) -> None:
        """An address as apprise has them, such as "ntfy://topic" or "mailto://…"."""
        self._url = url
        self.name = place_of(url)

    def send(self, message: dict[str, Any]) -> str:
        try:
            import apprise  # type: ignore[import-not-found]
        except ImportError:
            raise ChannelFailed("apprise is not installed: pip install 'tui-flow[alerts]'") from None
        service = apprise.Apprise()
        if not service.add(self._url):
            raise ChannelFailed("apprise does not know such an address")
        if not service.notify(title=message["title"], body=message["text"]):
            raise ChannelFailed("apprise could not send it")
        return "sent"
