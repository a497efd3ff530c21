"""The site's own rules: tried before the built-in recognisers, by priority; first match wins."""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from rooms.join import grammar
from rooms.join.passages import Passage
from rooms.model import JoinDetails

Kind = Literal["regex", "domain", "template", "exclude", "map"]
Place = Literal["subject", "location", "online_url", "conference", "body", "quoted", "hidden"]

_BLANK = re.compile(r"\{(\w+)\}")
_ADDRESS = re.compile(r"[A-Za-z0-9_.+\-]{1,64}@[A-Za-z0-9.\-]{3,120}")
_TOLD = ("meeting_id", "passcode", "numeric_passcode", "join_url", "sip", "h323")
_SEEN_TEXT, _SEEN_LINKS = 32 * 1024, 20
"""How much of a text and how many links a template sees."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule of the site.

    `sip`, `h323`, `url`, `meeting_id` and `passcode` have blanks: `{1}` or `{name}` is a group of
    `match`, `{meeting_id}` and the like what the invitation told.
    """

    name: str
    """What `explain` calls it."""
    kind: Kind
    priority: int = 100
    """1 to 200; 1 is tried first."""
    enabled: bool = True
    match: str = ""
    """An RE2 expression."""
    places: tuple[Place, ...] = msgspec.field(default=(), name="in")
    """Where `match` is looked for; everywhere if none is named."""
    domain: str = ""
    """The domain whose addresses and links `domain` takes."""
    provider: str = ""
    """The platform that `map` and `exclude` are about; else the one the rule stands for."""
    organizer: str = ""
    """The domain of the organizers that `exclude` is about."""
    template: str = ""
    """Jinja2; it writes an address, or lines such as `sip: …` and `meeting_id: …`."""
    sip: str = ""
    """The SIP address to dial."""
    h323: str = ""
    """The H.323 address to dial."""
    url: str = ""
    """The link for people."""
    meeting_id: str = ""
    """The meeting's number."""
    passcode: str = ""
    """Its passcode."""

    @property
    def filled(self) -> dict[str, str]:
        """The texts with blanks that this rule has."""
        names = ("sip", "h323", "url", "meeting_id", "passcode")
        return {name: text for name in names if (text := getattr(self, name))}


class Rules(msgspec.Struct, frozen=True):
    """The rules of a site in the order in which they are tried."""

    rules: tuple[Rule, ...] = ()

    def __iter__(self) -> Iterator[Rule]:
        """The rules in that order."""
        return iter(self.rules)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rules)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule may look at."""

    passages: Sequence[Passage]
    organizer_domain: str
    details: JoinDetails | None
    """What the built-in recognisers found."""

    @property
    def told(self) -> dict[str, str]:
        """What the invitation told, by name."""
        told = {name: getattr(self.details, name, None) or "" for name in _TOLD}
        return told | {"organizer_domain": self.organizer_domain}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What trying a rule came to."""

    words: str
    details: JoinDetails | None = None
    excludes: bool = False
    source: str | None = None


NO_MATCH = Outcome(words="no match")


class _Match(msgspec.Struct, frozen=True):
    source: str | None
    groups: dict[str, str]


def in_order(rules: Iterable[Rule]) -> Rules:
    """Rules by priority; of the same priority, as they were written."""
    return Rules(tuple(sorted(rules, key=lambda rule: rule.priority)))


def try_rule(rule: Rule, evidence: Evidence) -> Outcome:
    """What a rule says of an invitation."""
    return _KINDS[rule.kind](rule, evidence) if rule.enabled else Outcome(words="disabled")


@functools.lru_cache(maxsize=512)
def compiled(expression: str) -> Any:  # re2 has no types
    """An expression whose search takes time in proportion to the text, whatever it says."""
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 only where a rule has one

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 * 1024 * 1024
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        words = error.args[0] if error.args else "unknown"
        raise ValueError(words.decode() if isinstance(words, bytes) else words) from error


def _search(rule: Rule, evidence: Evidence) -> _Match | None:
    """Where the expression matches first; a rule without one matches everywhere."""
    if not rule.match:
        return _Match(None, {})
    for passage in evidence.passages:
        if not rule.places or passage.place in rule.places:
            found = compiled(rule.match).search(passage.text)
            if found:
                return _Match(passage.place, _groups(found))
    return None


def _groups(found: Any) -> dict[str, str]:  # a match of re2
    groups = {str(n): text or "" for n, text in enumerate((found[0], *found.groups()))}
    return groups | {name: text or "" for name, text in found.groupdict().items()}


def _regex(rule: Rule, evidence: Evidence) -> Outcome:
    found = _search(rule, evidence)
    return _filled(rule, evidence, found) if found else NO_MATCH


def _domain(rule: Rule, evidence: Evidence) -> Outcome:
    """An address at the domain, or the last part of a link to it."""
    for passage in evidence.passages:
        for address in _ADDRESS.findall(passage.text):
            alias, _, host = address.rstrip(".-").partition("@")
            if _below(host, rule.domain):
                return _filled(
                    rule, evidence, _Match(passage.place, {"alias": alias, "host": host})
                )
        for url in passage.urls:
            host, _, path = url.partition("://")[2].partition("/")
            host = host.partition(":")[0]
            alias = re.split(r"[?#]", path)[0].rstrip("/").rpartition("/")[2]
            if alias and _below(host, rule.domain):
                groups = {"alias": alias, "host": host, "link": url}
                return _filled(rule, evidence, _Match(passage.place, groups))
    return NO_MATCH


def _template(rule: Rule, evidence: Evidence) -> Outcome:
    from rooms.join import templates  # noqa: PLC0415 Jinja2 only where a rule needs it

    found = _search(rule, evidence)
    if found is None:
        return NO_MATCH
    written = templates.write(rule.template, _seen(evidence, found.groups))
    if isinstance(written, templates.Failed):
        return Outcome(words=f"no match: the template failed: {written.words}")
    if not written:
        return Outcome(words="no match: the template wrote nothing")
    return _checked(rule, evidence, written, source=found.source)


def _exclude(rule: Rule, evidence: Evidence) -> Outcome:
    provider = evidence.details.provider if evidence.details else ""
    if rule.provider and rule.provider != provider:
        return NO_MATCH
    if rule.organizer and not _below(evidence.organizer_domain, rule.organizer):
        return NO_MATCH
    if _search(rule, evidence) is None:
        return NO_MATCH
    return Outcome(words="excluded", excludes=True)


def _map(rule: Rule, evidence: Evidence) -> Outcome:
    """The meeting of a platform, reached another way; `match` looks at its link only."""
    details = evidence.details
    if details is None or details.provider != rule.provider:
        return NO_MATCH
    groups: dict[str, str] = {}
    if rule.match:
        found = compiled(rule.match).search(details.join_url or "")
        if not found:
            return NO_MATCH
        groups = _groups(found)
    return _filled(rule, evidence, _Match(None, groups))


_KINDS = {
    "regex": _regex,
    "domain": _domain,
    "template": _template,
    "exclude": _exclude,
    "map": _map,
}


def _below(host: str, domain: str) -> bool:
    host = host.lower()
    return host == domain or host.endswith("." + domain)


def _seen(evidence: Evidence, groups: Mapping[str, str]) -> dict[str, object]:
    """What a template sees."""
    texts: dict[str, list[str]] = {}
    for passage in evidence.passages:
        texts.setdefault(passage.place, []).append(passage.text[:_SEEN_TEXT])
    provider = evidence.details.provider if evidence.details else ""
    return {
        "subject": "".join(texts.get("subject", [])),
        "locations": texts.get("location", [])[:_SEEN_LINKS],
        "online_url": "".join(texts.get("online_url", [])),
        "body": "".join(texts.get("body", [])),
        "links": [url for passage in evidence.passages for url in passage.urls][:_SEEN_LINKS],
        "organizer_domain": evidence.organizer_domain,
        "match": groups,
        "meeting": evidence.told | {"provider": provider},
    }


def _filled(rule: Rule, evidence: Evidence, found: _Match) -> Outcome:
    """The outcome of a rule whose blanks are filled in, if something is known for each."""
    values = evidence.told | found.groups
    texts = rule.filled or {"sip": "{alias}@{host}"}
    blanks = {blank for text in texts.values() for blank in _BLANK.findall(text)}
    missing = sorted(blank for blank in blanks if not values.get(blank))
    if missing:
        return Outcome(words=f"no match: nothing is known for {', '.join(missing)}")
    filled = {n: _BLANK.sub(lambda blank: values[blank[1]], text) for n, text in texts.items()}
    return _checked(rule, evidence, filled, source=found.source)


def _checked(
    rule: Rule, evidence: Evidence, filled: Mapping[str, str], *, source: str | None
) -> Outcome:
    """The outcome of a rule, if what it makes can be dialled."""
    sip = filled.get("sip", "").strip().removeprefix("sip:")
    h323 = filled.get("h323", "").strip().removeprefix("h323:")
    if sip and grammar.sip_uri(sip) is None:
        return Outcome(words=f"no match: {sip!r} is no SIP address")
    if h323 and grammar.h323_address(h323) is None:
        return Outcome(words=f"no match: {h323!r} is no H.323 address")
    known = evidence.details
    base = JoinDetails(
        provider=rule.provider or "custom", join_url=known.join_url if known else None
    )
    if known is not None and rule.kind == "map":
        base = known
    passcode = filled.get("passcode") or base.passcode
    details = msgspec.structs.replace(
        base,
        meeting_id=filled.get("meeting_id") or base.meeting_id,
        passcode=passcode,
        numeric_passcode=passcode if passcode and passcode.isdigit() else base.numeric_passcode,
        join_url=filled.get("url") or base.join_url,
        sip=sip or None,
        h323=h323 or None,
    )
    return Outcome(words="matched", details=details, source=source)
