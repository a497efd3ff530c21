"""A form with a file, as browsers send it (RFC 7578; WHATWG HTML, "multipart/form-data").

The whole body is there already: its guard has read it to look for the proof.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import NamedTuple

from aiohttp import hdrs, web

from bridge.views.signed_in import FORM_WITH_FILES
from bridge.views.web import Problem, whole

MOST = 30
"""Parts of a form; none of ours has more."""
_NAME = re.compile(rb'(?:^|;)\s*name="([^"\r\n]*)"', re.IGNORECASE)
_FILE = re.compile(rb'(?:^|;)\s*filename="([^"\r\n]*)"', re.IGNORECASE)
_DISPOSITION = re.compile(
    rb"^content-disposition:\s*form-data(;[^\r\n]*)$", re.IGNORECASE | re.MULTILINE
)


class File(NamedTuple):
    """A file that somebody chose."""

    name: str
    """What it is called where it comes from; nothing is ever opened by it."""
    data: bytes


class Uploaded(NamedTuple):
    """What a form brought."""

    fields: Mapping[str, str]
    """Without the spaces around what was typed."""
    files: Mapping[str, File]
    """Those that were chosen, by the name of their field."""


async def uploaded(request: web.Request) -> Uploaded:
    """The fields and files of a form.

    Raises:
        Problem: `bad_body`, it is no such form.
    """
    if request.content_type != FORM_WITH_FILES:
        raise Problem(400, "bad_body", f"Content-Type must be {FORM_WITH_FILES}")
    header = Message()
    header[hdrs.CONTENT_TYPE] = request.headers[hdrs.CONTENT_TYPE]
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise Problem(400, "bad_body", "there is no boundary")
    return await asyncio.to_thread(read, await whole(request), boundary.encode(errors="replace"))


def read(body: bytes, boundary: bytes) -> Uploaded:
    """The same of a body; of a field that comes twice, the last.

    Raises:
        Problem: `bad_body`.
    """
    fields: dict[str, str] = {}
    files: dict[str, File] = {}
    for name, file, data in _parts(body, boundary):
        if file is None:
            fields[name] = data.decode(errors="replace").strip()
        elif data:
            files[name] = File(file, data)
    return Uploaded(fields, files)


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, str | None, bytes]]:
    """Name, name of the file and content of each part."""
    # Not taken apart further than one part too many: a boundary may be there a million times.
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST + 1)
    if len(parts) > MOST:
        raise Problem(400, "bad_body", "the form has too many parts")
    if not parts or not parts[-1].startswith(b"--"):
        raise Problem(400, "bad_body", "the form does not end")
    for part in parts[:-1]:
        head, found, data = part.partition(b"\r\n\r\n")
        told = _DISPOSITION.search(head.replace(b"\r\n", b"\n"))
        name = _NAME.search(told[1]) if told else None
        if not found or told is None or name is None:
            raise Problem(400, "bad_body", "a part of the form has no name")
        file = _FILE.search(told[1])
        yield _text(name[1]), None if file is None else _text(file[1]), data


def _text(name: bytes) -> str:
    """A name as it was before the browser wrote it down."""
    text = name.decode(errors="replace")
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
