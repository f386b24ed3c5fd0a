"""Blocks that send a message: a webhook is called from here; for other services an alert's channel does it.

Alerts for failed runs need none of this: see alerts in the README.
"""

import json
import re
from typing import Any, ClassVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from pydantic import Field, SecretStr

from tui_flow.sdk.blocks.abstract import NotificationBlock, NotificationError
from tui_flow.sdk.blocks.fields import SecretDict
from tui_flow.sdk.dispatch import awaitable_in_coroutines
from tui_flow.sdk.exceptions import UnsupportedFeature

__all__ = [
    "CustomWebhookNotificationBlock",
    "DiscordWebhook",
    "MattermostWebhook",
    "MicrosoftTeamsWebhook",
    "OpsgenieWebhook",
    "PagerDutyWebHook",
    "SendgridEmail",
    "SlackWebhook",
    "TwilioSMS",
]
TIMEOUT_SECONDS = 10.0


class _Notifying(NotificationBlock):
    notify_type: str = "prefect_default"

    def _request(self, body: str, subject: str | None) -> Request:
        raise NotImplementedError

    def _seconds(self) -> float:
        return TIMEOUT_SECONDS

    @awaitable_in_coroutines
    def notify(self, body: str, subject: str | None = None) -> None:
        """Sends the message. Raises NotificationError where it is not taken."""
        _send(self._request(body, subject), self._seconds(), self.get_block_type_name())

    async def anotify(self, body: str, subject: str | None = None) -> None:
        """`notify`, for coroutines."""
        _send(self._request(body, subject), self._seconds(), self.get_block_type_name())


class _Webhook(_Notifying):
    """A webhook that takes a JSON object with the text in one field."""

    _field: ClassVar[str] = "text"
    url: SecretStr = Field(description="Incoming webhook URL used to send notifications.")

    def _url(self) -> str:
        return self.url.get_secret_value()

    def _request(self, body: str, subject: str | None) -> Request:
        return _json_request(self._url(), {self._field: f"{subject}\n{body}" if subject else body})


class SlackWebhook(_Webhook):
    """Sends to a Slack channel."""

    _block_type_name = "Slack Webhook"


class MicrosoftTeamsWebhook(_Webhook):
    """Sends to a Microsoft Teams channel."""

    _block_type_name = "Microsoft Teams Webhook"
    _block_type_slug = "ms-teams-webhook"


class DiscordWebhook(_Notifying):
    """Sends to a Discord channel."""

    _block_type_name = "Discord Webhook"

    webhook_id: SecretStr
    webhook_token: SecretStr
    botname: str | None = None

    def _request(self, body: str, subject: str | None) -> Request:
        id, token = self.webhook_id.get_secret_value(), self.webhook_token.get_secret_value()
        named = {"username": self.botname} if self.botname else {}
        text = f"**{subject}**\n{body}" if subject else body
        return _json_request(f"https://discord.com/api/webhooks/{id}/{token}", {"content": text, **named})


class MattermostWebhook(_Notifying):
    """Sends to Mattermost channels."""

    _block_type_name = "Mattermost Webhook"

    hostname: str
    token: SecretStr
    botname: str | None = None
    channels: list[str] | None = None
    path: str | None = None
    port: int = 443

    def _request(self, body: str, subject: str | None) -> Request:
        path = f"/{self.path.strip('/')}" if self.path else ""
        url = f"https://{self.hostname}:{self.port}{path}/hooks/{self.token.get_secret_value()}"
        named = {"username": self.botname} if self.botname else {}
        into = {"channel": ",".join(self.channels)} if self.channels else {}
        return _json_request(url, {"text": f"{subject}\n{body}" if subject else body, **named, **into})


class CustomWebhookNotificationBlock(_Notifying):
    """Calls any webhook. In its URL, parameters, data and headers `{{subject}}`, `{{body}}`, `{{name}}` and the names
    in `secrets` stand for what they say."""

    _block_type_name = "Custom Webhook"

    name: str
    url: str
    method: str = "POST"
    params: dict[str, str] | None = None
    json_data: dict[str, Any] | None = None
    form_data: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    cookies: dict[str, str] | None = None
    timeout: float = 10
    secrets: SecretDict = Field(default_factory=lambda: SecretDict({}))

    def _seconds(self) -> float:
        return self.timeout

    def _request(self, body: str, subject: str | None) -> Request:
        says = {**self.secrets.get_secret_value(), "subject": subject or "", "body": body, "name": self.name}
        url, headers = _filled(self.url, says), _filled(self.headers or {}, says)
        if self.params:
            url += ("&" if "?" in url else "?") + urlencode(_filled(self.params, says))
        data = None
        if self.json_data is not None:
            data = json.dumps(_filled(self.json_data, says)).encode()
            headers.setdefault("Content-Type", "application/json")
        elif self.form_data is not None:
            data = urlencode(_filled(self.form_data, says)).encode()
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return Request(url, data, headers, method=self.method)  # noqa: S310  (the author's own URL)


class _Service(NotificationBlock):
    """One that is kept and loaded, and whose message an alert's channel has to send."""

    def notify(self, body: str, subject: str | None = None) -> None:  # noqa: ARG002
        raise UnsupportedFeature(
            f"{type(self).__name__}.notify() sends nothing from here",
            next="let an alert's channel send it, or call the service's webhook with CustomWebhookNotificationBlock",
        )


class PagerDutyWebHook(_Service):
    _block_type_name = "Pager Duty Webhook"

    integration_key: SecretStr
    api_key: SecretStr


class TwilioSMS(_Service):
    _block_type_name = "Twilio SMS"

    account_sid: str
    auth_token: SecretStr
    from_phone_number: str
    to_phone_numbers: list[str]


class OpsgenieWebhook(_Service):
    _block_type_name = "Opsgenie Webhook"

    apikey: SecretStr


class SendgridEmail(_Service):
    _block_type_name = "Sendgrid Email"

    api_key: SecretStr
    sender_email: str
    to_emails: list[str]


def _json_request(url: str, fields: dict[str, Any]) -> Request:
    return Request(url, json.dumps(fields).encode(), {"Content-Type": "application/json"})  # noqa: S310


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


def _filled(template: Any, says: dict[str, Any]) -> Any:
    """The template with what the names in it say."""
    if isinstance(template, str):
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: str(says.get(found[1], found[0])), template)
    if isinstance(template, dict):
        return {_filled(name, says): _filled(value, says) for name, value in template.items()}
    return [_filled(item, says) for item in template] if isinstance(template, list) else template
