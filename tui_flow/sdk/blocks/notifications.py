"""Blocks that send a message, each to its own service, with the secrets that it holds.

Alerts for failed runs need none of this: see alerts in the README.
"""

import json
import re
from typing import Any, ClassVar
from urllib.parse import urlencode
from urllib.request import Request

from pydantic import Field, SecretStr

from tui_flow.sdk.blocks.fields import SecretDict
from tui_flow.sdk.blocks.sending import Notifying, json_request
from tui_flow.sdk.blocks.services import OpsgenieWebhook, PagerDutyWebHook, SendgridEmail, TwilioSMS

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


class _Webhook(Notifying):
    """A webhook that takes a JSON object with the text in one field."""

    _field: ClassVar[str] = "text"
    url: SecretStr = Field(description="Incoming webhook URL used to send notifications.")

    def _url(self) -> str:
        return self.url.get_secret_value()

    def _request(self, body: str, subject: str | None) -> Request:
        return json_request(self._url(), {self._field: f"{subject}\n{body}" if subject else body})


class SlackWebhook(_Webhook):
    """Sends to a Slack channel."""

    _block_type_name = "Slack Webhook"


class MicrosoftTeamsWebhook(_Webhook):
    """Sends to a Microsoft Teams channel."""

    _block_type_name = "Microsoft Teams Webhook"
    _block_type_slug = "ms-teams-webhook"


class DiscordWebhook(Notifying):
    """Sends to a Discord channel."""

    _block_type_name = "Discord Webhook"

    webhook_id: SecretStr
    webhook_token: SecretStr
    botname: str | None = None

    def _request(self, body: str, subject: str | None) -> Request:
        id, token = self.webhook_id.get_secret_value(), self.webhook_token.get_secret_value()
        named = {"username": self.botname} if self.botname else {}
        text = f"**{subject}**\n{body}" if subject else body
        return json_request(f"https://discord.com/api/webhooks/{id}/{token}", {"content": text, **named})


class MattermostWebhook(Notifying):
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
        return json_request(url, {"text": f"{subject}\n{body}" if subject else body, **named, **into})


class CustomWebhookNotificationBlock(Notifying):
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


def _filled(template: Any, says: dict[str, Any]) -> Any:
    """The template with what the names in it say."""
    if isinstance(template, str):
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: str(says.get(found[1], found[0])), template)
    if isinstance(template, dict):
        return {_filled(name, says): _filled(value, says) for name, value in template.items()}
    return [_filled(item, says) for item in template] if isinstance(template, list) else template
