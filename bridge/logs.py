"""Logging: one line an entry, nothing personal at any level."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

_LOUD = (
    "aiohttp.access",
    "apscheduler",
    "asyncio",
    "azure",
    "exchangelib",
    "google",
    "msal",
    "requests",
    "requests_ntlm",
    "spnego",
    "urllib3",
)


class _Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """An entry; of an exception only where it came from, its message may be personal."""
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1]:
            entry["fault"] = fault(record.exc_info[1])
        return json.dumps(entry, ensure_ascii=False)


class _Plain(logging.Formatter):
    """Lines for people; the journal adds the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        """An entry; of an exception only where it came from, its message may be personal."""
        line = f"{record.levelname.lower():7} {record.name}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1]:
            line += f"\n{fault(record.exc_info[1])}"
        return line


def fault(error: BaseException) -> str:
    """Where an unexpected error came from, without its message; of a group where each did."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "".join([f"{type(error).__name__}\n{frames}", *map(fault, inner)])


def set_up(*, as_json: bool, level: int = logging.INFO) -> None:
    """Log to standard error. Libraries that tell more than we do are kept quiet."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if as_json else _Plain())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
