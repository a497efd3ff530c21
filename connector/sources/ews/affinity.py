"""Keeping a group of subscriptions at one back-end server, which has to know them all.

https://learn.microsoft.com/exchange/client-developer/exchange-web-services/
how-to-maintain-affinity-between-group-of-subscriptions-and-mailbox-server
"""

import re
from collections.abc import Mapping

_COOKIE = re.compile(r"\bX-BackEndOverrideCookie=([^;,\s]+)", re.IGNORECASE)


class Affinity:
    """What all requests of one group carry."""

    def __init__(self, anchor: str) -> None:
        self.anchor = anchor
        """The mailbox after which the group goes."""
        self.cookie = ""

    def headers(self) -> dict[str, str]:
        """What goes with a request."""
        made = {"X-AnchorMailbox": self.anchor, "X-PreferServerAffinity": "true"}
        if self.cookie:
            made["Cookie"] = f"X-BackEndOverrideCookie={self.cookie}"
        return made

    def learn(self, headers: Mapping[str, str]) -> None:
        """Keep the first server that answered."""
        for name, value in headers.items():
            found = _COOKIE.search(value) if name.lower() == "set-cookie" else None
            if found and not self.cookie:
                self.cookie = found[1]
