"""Blocks that hand a message to a service which is more than a webhook, with the keys that they hold."""

import base64
from typing import ClassVar
from urllib.parse import quote, urlencode
from urllib.request import Request

from pydantic import SecretStr

from tui_flow.sdk.blocks.sending import Notifying, given, json_request


class PagerDutyWebHook(Notifying):
    """Raises an event of PagerDuty (Events API v2); the key is that of the integration."""

    _block_type_name = "Pager Duty Webhook"
    _api: ClassVar[dict[str, str]] = {
        "us": "https://events.pagerduty.com/v2/enqueue",
        "eu": "https://events.eu.pagerduty.com/v2/enqueue",
    }

    notify_type: str = "info"
    integration_key: SecretStr
    api_key: SecretStr
    source: str | None = "Prefect"
    component: str = "Notification"
    group: str | None = None
    class_id: str | None = None
    region_name: str = "us"
    clickable_url: str | None = None
    include_image: bool = True
    custom_details: dict[str, str] | None = None

    def _request(self, body: str, subject: str | None) -> Request:
        severity = {"failure": "error", "success": "info"}.get(self.notify_type, self.notify_type)
        payload = {
            "summary": f"{subject}: {body}"[:1024] if subject else body[:1024],
            "severity": severity,
            "source": self.source,
            "component": self.component,
            "group": self.group,
            "class": self.class_id,
            "custom_details": self.custom_details,
        }
        event = {
            "routing_key": self.integration_key.get_secret_value(),
            "event_action": "trigger",
            "payload": given(payload),
            "links": [{"href": self.clickable_url}] if self.clickable_url else None,
        }
        return json_request(self._api[self.region_name], given(event))


class OpsgenieWebhook(Notifying):
    """Raises an alert of Opsgenie."""

    _block_type_name = "Opsgenie Webhook"
    _api: ClassVar[dict[str, str]] = {
        "us": "https://api.opsgenie.com/v2/alerts",
        "eu": "https://api.eu.opsgenie.com/v2/alerts",
    }

    apikey: SecretStr
    target_user: list[str] | None = None
    target_team: list[str] | None = None
    target_schedule: list[str] | None = None
    target_escalation: list[str] | None = None
    region_name: str = "us"
    batch: bool = False
    tags: list[str] | None = None
    priority: int | None = 3
    alias: str | None = None
    entity: str | None = None
    details: dict[str, str] | None = None

    def _request(self, body: str, subject: str | None) -> Request:
        targets = (
            ("user", "username", self.target_user), ("team", "name", self.target_team),
            ("schedule", "name", self.target_schedule), ("escalation", "name", self.target_escalation),
        )  # fmt: skip
        alert = {
            "message": (subject or body)[:130],
            "description": body,
            "responders": [{"type": kind, by: one} for kind, by, names in targets for one in names or ()]
            or None,
            "tags": self.tags,
            "priority": f"P{6 - self.priority}"
            if self.priority
            else None,  # Prefect's 5 is the gravest, Opsgenie's P1
            "alias": self.alias,
            "entity": self.entity,
            "details": self.details,
        }
        key = f"GenieKey {self.apikey.get_secret_value()}"
        return json_request(self._api[self.region_name], given(alert), key)


class SendgridEmail(Notifying):
    """Sends a mail by SendGrid."""

    _block_type_name = "Sendgrid Email"
    _api: ClassVar[str] = "https://api.sendgrid.com/v3/mail/send"

    api_key: SecretStr
    sender_email: str
    to_emails: list[str]

    def _request(self, body: str, subject: str | None) -> Request:
        mail = {
            "personalizations": [{"to": [{"email": one}]} for one in self.to_emails],
            "from": {"email": self.sender_email},
            "subject": subject or body.partition("\n")[0][:100],
            "content": [{"type": "text/plain", "value": body}],
        }
        return json_request(self._api, mail, f"Bearer {self.api_key.get_secret_value()}")


class TwilioSMS(Notifying):
    """Sends a text message to each of some telephones by Twilio."""

    _block_type_name = "Twilio SMS"
    _api: ClassVar[str] = "https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages.json"

    account_sid: str
    auth_token: SecretStr
    from_phone_number: str
    to_phone_numbers: list[str]

    def _requests(self, body: str, subject: str | None) -> list[Request]:
        text = f"{subject}\n{body}" if subject else body
        key = f"{self.account_sid}:{self.auth_token.get_secret_value()}".encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Basic {base64.b64encode(key).decode()}",
        }
        url = self._api.format(sid=quote(self.account_sid, safe=""))
        forms = [{"From": self.from_phone_number, "To": one, "Body": text} for one in self.to_phone_numbers]
        return [Request(url, urlencode(form).encode(), headers) for form in forms]  # noqa: S310
