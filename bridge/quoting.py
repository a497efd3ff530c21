"""Values of a configuration inside commands that people paste into a shell."""

import shlex
import unicodedata

_QUOTES = "'\u2018\u2019\u201a\u201b"
"""PowerShell takes each of these for a single quote."""


def powershell(text: str) -> str:
    """A literal for PowerShell: nothing in single quotes is expanded, and quotes are doubled.

    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
    """
    return "'" + "".join(one * 2 if one in _QUOTES else one for one in plain(text)) + "'"


def sh(text: str) -> str:
    """A word for a POSIX shell."""
    return shlex.quote(plain(text))


def plain(text: str) -> str:
    """A text without what ends a line or hides in one: a comment stays a comment."""
    hidden = {"Cc", "Cf", "Zl", "Zp"}
    return "".join("\ufffd" if unicodedata.category(one) in hidden else one for one in text)
