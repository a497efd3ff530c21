"""HTML as text: link targets in `<>` behind their words, hidden and quoted parts apart.

Read in one pass without building a tree, so that neither unclosed tags nor ten thousand nested
ones cost more than their length.
"""

import re

NEWEST, QUOTED, HIDDEN = "newest", "quoted", "hidden"
"""The parts of a message."""

LOOKS_LIKE_HTML = re.compile(
    r"<(?:a\s|/a>|br\s*/?>|/?p[\s>]|/?div[\s>]|/?span[\s>]|html|/?b>|/?td|/?li>|/?h\d>|/?u>|!--)",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"<(?:(/?)([A-Za-z][A-Za-z0-9]*(?::[A-Za-z][A-Za-z0-9]*)?)(?=[\s/>\-])([^>]*)|(!--)|[!?][^>]*)>?"
)
_HREF = re.compile(r"""(?i)(?:^|[\s"'/])href\s{0,9}=\s{0,9}(?:"([^"]*)|'([^']*)|([^\s>"']+))""")
_HIDDEN_ATTRIBUTE = re.compile(r"\shidden(?=[\s=>/]|$)")
_HIDING = ("display:none", "visibility:hidden", "mso-hide:all", "font-size:0px", "font-size:0;")
_QUOTING = ("gmail_quote", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote", "zmail_extra")
_QUOTING_REST = ("divrplyfwdmsg", "appendonsend", "replysplit")
_LINES = (
    "br p div tr li ul ol table h1 h2 h3 h4 h5 h6 hr pre blockquote section article header footer"
    " dl dt dd address center form body"
)
_SEPARATORS = {**dict.fromkeys(_LINES.split(), "\n"), "td": " ", "th": " "}
_DROPPED = {
    name: re.compile(f"</{name}[^>]*>?", re.IGNORECASE) for name in ("style", "script", "title")
}
_ALONE = frozenset({"br", "hr", "img", "input", "meta", "link", "base", "area", "col", "wbr"})
_USELESS = ("#", "javascript:", "cid:", "data:", "file:", "about:")
_ATTRIBUTES = 8192
"""Characters of a tag that are looked at."""


def parts_of(html: str) -> dict[str, str]:
    """The text of the newest, the quoted and the hidden part, its entities not yet resolved."""
    if "<br" in html or "<p" in html or "<div" in html or "<td" in html:
        html = html.replace("\n", " ")
    reader = _Reader(html)
    at = 0
    for tag in _TAG.finditer(html, 0, html.rfind(">") + 1):
        start = tag.start()
        if start < at:
            continue
        if start > at:
            reader.text(html[at:start])
        at = reader.comment(start) if tag[4] else reader.tag(tag)
    reader.text(html[at:])
    return reader.finish()


class _Reader:
    """Collects the text of each part while the tags go by."""

    def __init__(self, html: str) -> None:
        low = html.lower()
        self._html, self._low = html, low if len(low) == len(html) else html
        self._styled = any(m in low for m in ("none", "hidden", "mso-hide", "font-size:0"))
        self._quoted = any(m in low for m in (*_QUOTING, *_QUOTING_REST))
        self._parts: dict[str, list[str]] = {NEWEST: [], QUOTED: [], HIDDEN: []}
        self._part = NEWEST
        self.text = self._parts[NEWEST].append
        """Takes what stands between two tags."""
        self._around: list[tuple[str, str, int]] = []
        """The parts around this one, each with the tag that ends it and how many are open."""
        self._until = ""
        self._depth = 0
        self._href = ""
        self._endless: set[str] = set()

    def comment(self, start: int) -> int:
        """A comment, which a browser never shows and in which mail programs keep buttons."""
        end = self._html.find("-->", start)
        text = self._html[start + 4 : end if end >= 0 else len(self._html)]
        if "://" in text or "@" in text:
            self._parts[HIDDEN].append(f"\n{text}\n")
        return end + 3 if end >= 0 else len(self._html)

    def tag(self, tag: re.Match[str]) -> int:
        """A tag; where to read on."""
        if not tag[2]:
            return tag.end()
        name = tag[2].lower()
        if name in _SEPARATORS:
            self.text(_SEPARATORS[name])
        if tag[1]:
            self._close(name)
            return tag.end()
        attributes, end = tag[3], tag.end()
        if attributes.count('"') % 2:
            attributes, end = self._further(tag)
        if len(attributes) > 4:
            self._attributes(name, attributes[:_ATTRIBUTES])
        if name == "blockquote" and self._part == NEWEST:
            self._enter(QUOTED, name)
        elif name == self._until:
            self._depth += 1
        return self._after_dropped(name, end) if name in _DROPPED else end

    def finish(self) -> dict[str, str]:
        """The text of each part."""
        self._link()
        return {part: "".join(pieces) for part, pieces in self._parts.items() if pieces}

    def _further(self, tag: re.Match[str]) -> tuple[str, int]:
        """The attributes of a tag in which a `>` stands between quotes."""
        quote = self._html.find('"', tag.end(), tag.end() + _ATTRIBUTES)
        end = self._html.find(">", quote, quote + _ATTRIBUTES) if quote >= 0 else -1
        return (self._html[tag.start(3) : end], end + 1) if end >= 0 else (tag[3], tag.end())

    def _attributes(self, name: str, attributes: str) -> None:
        if "href" in attributes or "HREF" in attributes:
            found = _HREF.search(attributes)
            if found and name not in {"link", "base"}:
                self._link()
                self._href = found[1] or found[2] or found[3] or ""
        if name in _ALONE or self._part == HIDDEN or not (self._styled or self._quoted):
            return
        low = attributes.lower().replace(": ", ":")
        if self._styled and (any(m in low for m in _HIDING) or _HIDDEN_ATTRIBUTE.search(low)):
            self._enter(HIDDEN, name)
        elif self._quoted and self._part == NEWEST:
            if any(mark in low for mark in _QUOTING_REST):
                self._enter(QUOTED, "html")
            elif any(mark in low for mark in _QUOTING):
                self._enter(QUOTED, name)

    def _enter(self, part: str, name: str) -> None:
        self._around.append((self._part, self._until, self._depth))
        self._now(part, name, int(name in {"blockquote", "html"}))

    def _now(self, part: str, until: str, depth: int) -> None:
        self._part, self._until, self._depth = part, until, depth
        self.text = self._parts[part].append

    def _close(self, name: str) -> None:
        if name == "a" and self._href:
            self._link()
        if name == self._until:
            self._depth -= 1
            if self._depth <= 0:
                self._now(*self._around.pop())

    def _link(self) -> None:
        href, self._href = self._href.strip(), ""
        if href and not href.lower().startswith(_USELESS):
            self.text(f" <{href}> ")

    def _after_dropped(self, name: str, at: int) -> int:
        """Behind the end of a style or script; without an end it is taken for text."""
        if name in self._endless:
            return at
        end = _DROPPED[name].search(self._low, at)
        if end is None:
            self._endless.add(name)
            return at
        return end.end()
