"""Join details: how an invitation becomes one touch.

`read` is pure and fast: no network, no clock, no library that takes long to import. What is heavy
(message files, the expressions and templates of a site's rules) is imported where it is met.
"""

from rooms.join import files
from rooms.join.dial import Dialing, DialString, dial_string
from rooms.join.found import Candidate, Found
from rooms.join.invitation import EntryPoint, Invitation, invitation_of
from rooms.join.known import Known
from rooms.join.problem import Problem
from rooms.join.reading import read
from rooms.join.report import as_json, in_words
from rooms.join.rules import Rule, Rules

__all__ = [
    "Candidate",
    "DialString",
    "Dialing",
    "EntryPoint",
    "Found",
    "Invitation",
    "Known",
    "Problem",
    "Rule",
    "Rules",
    "as_json",
    "dial_string",
    "files",
    "in_words",
    "invitation_of",
    "read",
    "rules_from",
]


def rules_from(data: object) -> Rules | tuple[Problem, ...]:
    """The rules in a list of settings, or everything that is wrong with it."""
    from rooms.join import rule_file  # noqa: PLC0415 brings Jinja2 along

    return rule_file.rules_from(data)
