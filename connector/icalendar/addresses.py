"""Addresses of calendars as settings give them, with the room's mailbox in them; and logins."""

import base64
from urllib.parse import quote

from yarl import URL

from connector.address import unsafe
from connector.secret import Secret

MAILBOX = "{mailbox}"
LOCAL = "{local}"


def filled(template: str, mailbox: str) -> URL:
    """The address of a room's calendar: `{mailbox}` is its address, `{local}` what is before `@`.

    Both are percent-encoded, so that a mailbox leads nowhere else.

    Raises:
        ValueError: no URL comes of it.
    """
    text = template.strip().replace(MAILBOX, quote(mailbox, safe="@"))
    text = text.replace(LOCAL, quote(mailbox.partition("@")[0], safe=""))
    if text[:9].lower() == "webcal://":
        text = f"https://{text[9:]}"
    return URL(text, encoded=True)


def fault(template: str) -> str | None:
    """Why a calendar must not be read from this address, in words that do not repeat it."""
    try:
        url = filled(template, "room@example.com")
    except ValueError:
        return "is not a URL"
    return unsafe(str(url))


def login(username: str, password: Secret | None) -> dict[str, str]:
    """The header that signs a request in (Basic, RFC 7617), or none."""
    if not username or password is None:
        return {}
    pair = f"{username}:{password.reveal()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
