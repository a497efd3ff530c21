"""Those who are told: a mail server, webhooks."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Protocol

import aiosmtplib
import msgspec
from yarl import URL

from bridge.alerts import message
from bridge.alerts.ledger import Notice
from bridge.settings.alerts import Alerts, Smtp, Webhook
from connector.errors import ConnectorError, Unavailable
from connector.http import ask, failure
from connector.outside import Outside
from connector.secret import Secret

SECONDS = 30.0
"""For one answer."""
MAIL_SECONDS = 120.0
"""For all that a mail server has to say."""
ANSWER_LIMIT = 64 << 10
PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Undelivered(Exception):
    """A message did not arrive; the words hold no address, name or secret."""

    def __init__(self, words: str, retry_after: timedelta | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class Receiver(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """What people call it; no address."""

    @property
    def key(self) -> str:
        """What it is remembered by."""

    async def send(self, notice: Notice, appliance: str, outside: Outside) -> None:
        """Deliver; an empty notice is a test.

        Raises:
            Undelivered: it did not arrive.
        """


class Mail(msgspec.Struct, frozen=True):
    """Mail by a server of the site's."""

    smtp: Smtp
    name: str = "mail"
    key: str = "mail"

    async def send(self, notice: Notice, appliance: str, outside: Outside) -> None:
        """Hand the mail to the server."""
        smtp = self.smtp
        made = message.mail(notice, smtp, appliance, outside.clock.now())
        try:
            async with asyncio.timeout(MAIL_SECONDS):
                await aiosmtplib.send(
                    made,
                    hostname=smtp.host,
                    port=smtp.port or PORTS[smtp.tls],
                    local_hostname=appliance,
                    username=smtp.username or None,
                    password=smtp.password.reveal() if smtp.username and smtp.password else None,
                    use_tls=smtp.tls == "tls",
                    start_tls=smtp.tls == "starttls",
                    tls_context=None if smtp.tls == "none" else outside.context,
                    timeout=SECONDS,
                )
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Undelivered("the mail server refuses the login") from error
        except (TimeoutError, aiosmtplib.SMTPTimeoutError) as error:
            raise Undelivered("the mail server does not answer in time") from error
        except aiosmtplib.SMTPResponseException as error:
            raise Undelivered(f"the mail server answers {error.code}") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise Undelivered("the mail server refuses the recipients") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Undelivered("the mail server cannot be reached, or not trusted") from error


class Hook(msgspec.Struct, frozen=True):
    """A webhook."""

    webhook: Webhook
    name: str

    @property
    def key(self) -> str:
        """Without the address, which may hold a key."""
        return f"webhook {hashlib.sha256(self.webhook.url.reveal().encode()).hexdigest()[:16]}"

    async def send(self, notice: Notice, appliance: str, outside: Outside) -> None:
        """Post the notice as JSON."""
        token, now = self.webhook.token, outside.clock.now()
        headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
        body = msgspec.json.encode(message.payload(notice, appliance, now))
        await post(self.webhook.url, body, headers, outside)


async def post(address: Secret, body: bytes, headers: Mapping[str, str], outside: Outside) -> None:
    """Post JSON to a webhook.

    Raises:
        Undelivered: it did not arrive.
    """
    url = URL(address.reveal())
    usual = {"Content-Type": "application/json", "User-Agent": "roombridge"}
    try:
        answer = await ask(
            outside.http,
            "POST",
            url,
            seconds=SECONDS,
            limit=ANSWER_LIMIT,
            tls=outside.tls if url.scheme == "https" else True,
            headers=usual | dict(headers),
            data=body,
            **outside.route(url),
        )
        if answer.status >= 300:
            raise failure(answer, outside.clock.now())
    except ConnectorError as error:
        after = error.retry_after if isinstance(error, Unavailable) else None
        raise Undelivered(str(error), after) from error


def receivers(settings: Alerts | None) -> Iterator[Receiver]:
    """All who are configured."""
    if settings is None:
        return
    if settings.smtp is not None:
        yield Mail(settings.smtp)
    for number, webhook in enumerate(settings.webhooks, 1):
        yield Hook(webhook, f"webhook {number}")
