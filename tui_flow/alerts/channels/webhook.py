"""A POST of the message as JSON. Its "text" is what Slack, Mattermost and many others show."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from tui_flow.alerts.channels import TIMEOUT_SECONDS, ChannelFailed
from tui_flow.alerts.redaction import place_of
from tui_flow.safe import safe


class Webhook:
    def __init__(self, url: str) -> None:
        self._url = url
        self.name = place_of(url)

    def send(self, message: dict[str, Any]) -> str:
        try:
            request = urllib.request.Request(  # noqa: S310  # http and https only: see channels.made
                self._url,
                json.dumps(message).encode(),
                {"Content-Type": "application/json", "User-Agent": "tui-flow"},
                method="POST",
            )
            with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return f"HTTP {answer.status}"
        except urllib.error.HTTPError as error:
            error.close()
            raise ChannelFailed(f"HTTP {error.code} {safe(str(error.reason))[:100]}") from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise ChannelFailed(safe(str(reason))[:200] or type(error).__name__) from None


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A message is for the address that was named, and for no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_StayHere)
