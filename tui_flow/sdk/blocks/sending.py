"""How a block sends its message: by a request, of which it is known what became of it."""

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tui_flow.sdk.blocks.abstract import NotificationBlock, NotificationError
from tui_flow.sdk.dispatch import awaitable_in_coroutines

TIMEOUT_SECONDS = 10.0


class Notifying(NotificationBlock):
    notify_type: str = "prefect_default"

    def _request(self, body: str, subject: str | None) -> Request:
        raise NotImplementedError

    def _requests(self, body: str, subject: str | None) -> list[Request]:
        return [self._request(body, subject)]

    def _seconds(self) -> float:
        return TIMEOUT_SECONDS

    @awaitable_in_coroutines
    def notify(self, body: str, subject: str | None = None) -> None:
        """Sends the message. Raises NotificationError where it is not taken."""
        for request in self._requests(body, subject):
            _send(request, self._seconds(), self.get_block_type_name())

    async def anotify(self, body: str, subject: str | None = None) -> None:
        """`notify`, for coroutines."""
        import asyncio

        for request in self._requests(body, subject):
            await asyncio.to_thread(_send, request, self._seconds(), self.get_block_type_name())


def json_request(url: str, fields: dict[str, Any], authorization: str | None = None) -> Request:
    headers = {
        "Content-Type": "application/json",
        **({"Authorization": authorization} if authorization else {}),
    }
    return Request(url, json.dumps(fields).encode(), headers)  # noqa: S310


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what nobody has said."""
    return {name: value for name, value in fields.items() if value is not None}


def _send(request: Request, seconds: float, who: str) -> None:
    if not request.full_url.startswith(("https://", "http://")):
        raise NotificationError(f"{who}: its URL is none of http or https")
    try:
        with urlopen(request, timeout=seconds):  # noqa: S310
            return
    except HTTPError as error:
        said = error.read(200).decode("utf-8", "replace").strip()
        raise NotificationError(f"{who}: {error.code} {error.reason}: {said}") from None
    except (URLError, OSError) as error:
        raise NotificationError(f"{who}: {getattr(error, 'reason', error)}") from None
