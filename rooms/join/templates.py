"""Jinja2 templates of site rules, in a sandbox that neither reaches out nor runs for long.

A template sees text and lists of text, may call nothing, loops over short lists only and not
inside another loop, and writes at most a few lines.
"""

import functools
from collections.abc import Mapping

import jinja2
import jinja2.nodes
import jinja2.sandbox
import msgspec

LONGEST = 1024
"""Characters that a template may write."""

_FORBIDDEN: tuple[type[jinja2.nodes.Node], ...] = (
    jinja2.nodes.Call,
    jinja2.nodes.Macro,
    jinja2.nodes.CallBlock,
    jinja2.nodes.Include,
    jinja2.nodes.Import,
    jinja2.nodes.FromImport,
    jinja2.nodes.Extends,
    jinja2.nodes.Block,
    jinja2.nodes.Pow,
    jinja2.nodes.Mul,
    jinja2.nodes.Mod,
)
_NAMES = ("sip", "h323", "url", "meeting_id", "passcode")


class Failed(msgspec.Struct, frozen=True):
    """Why a template cannot be used, or wrote nothing that can."""

    words: str


def write(template: str, seen: Mapping[str, object]) -> dict[str, str] | Failed:
    """What a template writes of what it sees: addresses and the like by name."""
    ready = prepared(template)
    if isinstance(ready, Failed):
        return ready
    try:
        text = ready.render(seen).strip()
    except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError, LookupError) as error:
        return Failed(str(error) or type(error).__name__)
    if len(text) > LONGEST:
        return Failed("it wrote more than a few lines")
    return _named(text)


@functools.lru_cache(maxsize=64)
def prepared(template: str) -> jinja2.Template | Failed:
    """A template that keeps to the limits, or why it does not."""
    environment = _environment()
    try:
        tree = environment.parse(template)
        for node in tree.find_all(_FORBIDDEN):
            return Failed(f"{type(node).__name__.lower()} is not allowed here")
        for part in tree.find_all(jinja2.nodes.Getattr):
            if part.attr.startswith("_"):
                return Failed(f"{part.attr} is not allowed here")
        for loop in tree.find_all(jinja2.nodes.For):
            if loop.find(jinja2.nodes.For) is not None:
                return Failed("a loop inside a loop is not allowed here")
            if loop.recursive:
                return Failed("a recursive loop is not allowed here")
        return environment.from_string(tree)
    except jinja2.TemplateSyntaxError as error:
        return Failed(f"line {error.lineno}: {error.message}")


@functools.cache
def _environment() -> jinja2.sandbox.ImmutableSandboxedEnvironment:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        autoescape=False,  # an address is written, not a page
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.clear()
    environment.filters = {
        "lower": _lower,
        "upper": _upper,
        "trim": _trim,
        "digits": _digits,
        "before": _before,
        "after": _after,
        "default": environment.filters["default"],
        "first": environment.filters["first"],
        "last": environment.filters["last"],
        "length": environment.filters["length"],
    }
    environment.tests = {
        name: environment.tests[name]
        for name in ("defined", "none", "equalto", "in", "string", "undefined", "==")
    }
    return environment


def _named(text: str) -> dict[str, str]:
    """Lines such as `sip: …` by name; a single line without a name is a SIP address."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip() in _NAMES:
            found[name.strip()] = value.strip()
        elif line.strip():
            found.setdefault("sip", line.strip())
    return {name: value for name, value in found.items() if value}


def _lower(text: object) -> str:
    return str(text).lower()


def _upper(text: object) -> str:
    return str(text).upper()


def _trim(text: object) -> str:
    return str(text).strip()


def _digits(text: object) -> str:
    """The digits of a text."""
    return "".join(c for c in str(text) if c in "0123456789")


def _before(text: object, mark: str) -> str:
    """What stands before a mark."""
    return str(text).partition(mark)[0]


def _after(text: object, mark: str) -> str:
    """What stands behind a mark."""
    return str(text).partition(mark)[2]
