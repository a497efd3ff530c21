"""Bodies as Exchange keeps and converts them.

Asked for text, it writes a link as `words<address>`, a rule as a row of underscores and a list
item with an asterisk, so that nothing a person needs to join is lost with the tags.
"""

import re
from functools import lru_cache
from html import escape
from html.parser import HTMLParser

KEPT = 1 << 16
"""Bodies of which the text is kept: a thousand rooms' week."""

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_APART = _HEADINGS | {"ol", "p", "ul"}
_BLOCKS = _APART | {"address", "article", "blockquote", "center", "div", "dl", "dt", "dd"}
_BLOCKS |= {"fieldset", "footer", "form", "header", "pre", "section", "table", "tr"}
_SILENT = {"head", "script", "style", "title"}
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"
_RULE = "________________________________"


@lru_cache(maxsize=KEPT)
def as_text(html: str) -> str:
    """A body without its tags; links keep their addresses."""
    writer = _Writer()
    writer.feed(html)
    writer.close()
    return writer.text()


@lru_cache(maxsize=KEPT)
def preview(html: str) -> str:
    """The first 255 characters of what a person reads."""
    return re.sub(rf"<{_SCHEME}[^>]*>", "", as_text(html))[:255]


def as_page(html: str) -> str:
    """A whole page of a fragment, as Exchange stores it."""
    if "<html" in html.lower():
        return html
    meta = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return f"<html>\r\n<head>\r\n{meta}</head>\r\n<body>\r\n{html}\r\n</body>\r\n</html>\r\n"


def from_text(text: str) -> str:
    """A text body as Exchange turns it into HTML when it stores it."""
    lines = escape(text, quote=False).splitlines()
    return f'<div class="PlainText">{"<br>".join(lines)}</div>'


class _Writer(HTMLParser):
    """Writes down what a page says, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = [""]
        self._hrefs: list[str] = []
        self._silent = 0

    def text(self) -> str:
        """What was written, without empty lines at its ends."""
        lines = "\n".join(line.rstrip() for line in self._lines)
        return re.sub(r"\n{3,}", "\n\n", lines).strip("\n").replace("\n", "\r\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where the page does."""
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self._lines.append("")
        elif tag == "hr":
            self._fresh()
            self._lines[-1:] = [_RULE, ""]
        elif tag == "li":
            self._fresh()
            self._lines[-1] = "  *   "
        elif tag in {"td", "th"} and self._lines[-1].strip():
            self._lines[-1] += " "
        elif tag == "a":
            self._hrefs.append(dict(attrs).get("href") or "")
        elif tag == "img":
            self._write(_image(dict(attrs)))
        elif tag in _BLOCKS:
            self._fresh()

    def handle_endtag(self, tag: str) -> None:
        """End a line where the page does; an address follows the words of its link."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._hrefs:
            href = self._hrefs.pop()
            if re.match(_SCHEME, href):
                self._write(f"<{href}>")
        elif tag in _BLOCKS or tag == "li":
            self._fresh()
            if tag in _APART:
                self._lines.append("")

    def handle_data(self, data: str) -> None:
        """Words, in which any run of white space is one space."""
        words = re.sub(r"[ \t\r\n\f]+", " ", data).replace("\u00a0", " ")
        self._write(words if self._lines[-1] else words.lstrip(" "))

    def _write(self, words: str) -> None:
        if not self._silent:
            self._lines[-1] += words

    def _fresh(self) -> None:
        """Begin a new line unless this one is new."""
        if self._lines[-1].strip():
            self._lines.append("")


def _image(attributes: dict[str, str | None]) -> str:
    """What stands for a picture."""
    words = attributes.get("alt") or attributes.get("src") or ""
    return f"[{words}]" if words else ""
