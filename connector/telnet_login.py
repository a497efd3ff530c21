"""The login of a telnet conversation, which differs by unit and may be missing."""

import re
from collections.abc import Callable

from connector.errors import Denied, Unavailable
from connector.lines import Lines
from connector.secret import Secret

GREETING_SECONDS = 5.0
"""How long a unit may take to greet, or to ask for a login."""

_USER = ("ogin:", "sername:")
_LAST = "Last login:"
"""Not a question, but when somebody was there last."""
_PASSWORD = "assword:"  # noqa: S105 - how the question ends


async def sign_in(
    lines: Lines,
    username: str,
    password: Secret | None,
    *,
    prompts: tuple[str, ...],
    greeted: Callable[[str], bool],
) -> None:
    """Answer each question of a login once; a unit without a login only greets.

    `prompts` are what such a unit shows when it takes commands, `greeted` knows a line of its
    greeting.

    Raises:
        Denied: the unit asks again, or hangs up on what it was told.
        Unavailable: the connection is gone.
    """
    asked: set[str] = set()
    while True:
        try:
            heard = await lines.until(
                _LAST, *_USER, _PASSWORD, *prompts, "\n", seconds=GREETING_SECONDS
            )
        except Unavailable as error:
            if error.reason == "timeout":
                return  # some neither greet nor ask: what is said next tells
            if "password" in asked:
                raise _refused() from error
            raise
        if heard.endswith(("\n", _LAST)):
            if greeted(heard.strip()):
                return
            if "password" in asked and re.search(r"(?i)incorrect|denied|failed|invalid", heard):
                raise _refused()
            continue
        if heard.endswith(prompts):
            return
        kind = "password" if heard.endswith(_PASSWORD) else "user"
        if kind in asked or (kind == "password" and password is None):
            raise _refused()
        asked.add(kind)
        secret = password.reveal() if password is not None else ""
        await lines.send(secret if kind == "password" else username)


def _refused() -> Denied:
    return Denied(
        "the unit refuses user name or password",
        reason="credentials_refused",
        fix="set the unit's admin password; the bridge does not try again by itself, so that the"
        " user is not locked out",
    )
