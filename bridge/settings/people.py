"""How people sign in, as what, and for how long."""

import re
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Literal

import msgspec

from bridge.settings.addresses import address, fit
from connector.secret import Secret

LONGEST_SESSION = timedelta(days=7)
Role = Literal["viewer", "facilities", "engineer", "auditor", "owner"]
"""As in `bridge.callers`, which knows what each may."""
_WITH_LISTS = ("viewer", "facilities")
_NO_TENANT = re.compile(r"login\.microsoftonline\.\w+/(?:common|organizations|consumers)/")
_SCOPE = re.compile(r"[!#-\[\]-~]+")
"""RFC 6749 §3.3."""


class GroupRole(msgspec.Struct, frozen=True, kw_only=True):
    """What the members of a group may."""

    group: str
    """Its name or id, exactly as the claim carries it."""
    role: Role
    """What they are here."""
    lists: tuple[str, ...] = ()
    """The room lists that they look after; for facilities and viewers."""


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    """An identity provider that speaks OpenID Connect."""

    issuer: str
    """Its name for itself, a URL, below which its description is found."""
    client_id: str
    """What it calls this appliance."""
    client_secret: Secret | None = None
    """What proves that; without it the appliance is a public client."""
    name: str = ""
    """What people call it, on the button; else its host."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    """What is asked for; some providers tell of groups only where that is asked for too."""
    groups_claim: str = "groups"
    """The claim that carries groups: `groups`, or `roles` with app roles of Entra ID."""
    roles: tuple[GroupRole, ...]
    """What members of each group may. Of several that fit, the first one's role counts."""
    allow_local: bool = True
    """Whether accounts of the appliance's own may sign in by password too."""

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.name or address(self.issuer).host or self.issuer

    def problems(self, public_url: str) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        issuer = address(self.issuer)
        if not fit(self.issuer) or issuer.query or issuer.fragment:
            yield "issuer", "must be an https:// URL without a query, or http:// on loopback"
        elif _NO_TENANT.search(self.issuer):
            yield "issuer", "must name one tenant: everybody with an account anywhere fits this"
        if not public_url:
            yield "issuer", "needs public_url, to which the provider sends people back"
        if not self.client_id:
            yield "client_id", "must be what the provider calls this appliance"
        if "openid" not in self.scopes or not all(map(_SCOPE.fullmatch, self.scopes)):
            yield "scopes", "must name openid, and words without spaces only"
        if not self.roles:
            yield "roles", "must name a group, or nobody could sign in"
        for number, one in enumerate(self.roles):
            if one.lists and one.role not in _WITH_LISTS:
                yield f"roles[{number}].lists", "must stand with viewer or facilities only"
            if one.role == "facilities" and not one.lists:
                yield f"roles[{number}].lists", "must name the room lists that they look after"

    def unknown_lists(self, known: Collection[str]) -> Iterator[tuple[str, str]]:
        """Room lists that are named here only: the key and the words."""
        for number, one in enumerate(self.roles):
            for name in one.lists:
                if name not in known:
                    yield f"roles[{number}].lists", f"there is no room list {name}"


class PeopleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How people sign in, and how long they stay signed in."""

    idle: timedelta = timedelta(minutes=30)
    """A session ends so long after its last request, at least 1m."""
    longest: timedelta = timedelta(hours=12)
    """And so long after it began in any case, at most 7d."""
    oidc: OidcSettings | None = None
    """Single sign-on by OpenID Connect; without it by name and password only."""

    def problems(self, public_url: str) -> Iterator[tuple[str, str]]:
        """What types cannot tell: the key and the words."""
        if not timedelta(minutes=1) <= self.idle <= self.longest:
            yield "idle", "must be at least 1m, and at most people.longest"
        if self.longest > LONGEST_SESSION:
            yield "longest", f"must be at most {LONGEST_SESSION.days}d"
        if self.oidc is not None:
            for key, words in self.oidc.problems(public_url):
                yield f"oidc.{key}", words

    def ruled(self, room_list: str) -> int:
        """How many rules of single sign-on are for a room list."""
        return sum(room_list in one.lists for one in self.oidc.roles) if self.oidc else 0
