"""What is wrong with a configuration, and where."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person has to mend (`error`) or to know (`warning`)."""

    file: str
    line: int | None = None
    path: str = ""
    """The setting, as `sources.m365.tenant_id` or `rooms[2].mailbox`."""
    severity: Literal["error", "warning"] = "error"
    words: str
    hint: str = ""
    passes: bool = False
    """Whether it may end by itself: a start waits for that."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        what = f"{self.path}: {self.words}" if self.path else self.words
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.severity}: {what}{hint}"


class Unusable(Exception):
    """A configuration that would not start."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    @property
    def passes(self) -> bool:
        """Whether waiting may be enough."""
        return all(problem.passes for problem in errors(self.problems))


class Place(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A spot in a file, from which problems are reported; there are tens of thousands of them."""

    _problems: list[Problem]
    file: Path
    _key: str = ""
    line: int | None = None
    _above: "Place | None" = None

    @property
    def path(self) -> str:
        """The setting; put together only where there is something to say of it."""
        above = self._above.path if self._above is not None else ""
        return (
            f"{above}{self._key}" if self._key[:1] == "[" or not above else f"{above}.{self._key}"
        )

    @property
    def spot(self) -> str:
        """Where it is, for words about another place."""
        return self.path if self.line is None else f"{self.file}:{self.line}"

    def at(self, key: str, line: int | None = None) -> "Place":
        """A spot below this one."""
        return Place(self._problems, self.file, key, line or self.line, self)

    def error(self, words: str, hint: str = "", *, passes: bool = False) -> None:
        """Report something that keeps the appliance from starting."""
        self._report("error", words, hint, passes=passes)

    def warn(self, words: str, hint: str = "") -> None:
        """Report something that a person should know."""
        self._report("warning", words, hint)

    def _report(
        self,
        severity: Literal["error", "warning"],
        words: str,
        hint: str,
        *,
        passes: bool = False,
    ) -> None:
        self._problems.append(
            Problem(
                file=str(self.file),
                line=self.line,
                path=self.path,
                severity=severity,
                words=words,
                hint=hint,
                passes=passes,
            )
        )


def errors(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Those that keep the appliance from starting."""
    return (problem for problem in problems if problem.severity == "error")
