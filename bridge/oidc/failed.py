"""Why somebody was not signed in by their provider."""

from typing import Literal, get_args

Why = Literal[
    "denied",
    "stale",
    "refused",
    "unavailable",
    "unfit",
    "unproven",
    "clock",
    "no_group",
    "overage",
    "disabled",
]
"""`denied`: they, or the provider, said no; `stale`: not begun in this browser, used or too old;
`refused`: the provider does not know the appliance as it is configured; `unavailable`: it does not
answer; `unfit`: what it says of itself, or of somebody, does not do; `unproven`: what it said of
somebody is not proven; `clock`: by one of the two clocks that is not valid now; `no_group`: they
are in no group that may anything here; `overage`: they are in more groups than it tells;
`disabled`: their account is."""
EVERY: tuple[Why, ...] = get_args(Why)


class SignOnFailed(Exception):
    """Nobody was signed in."""

    def __init__(self, why: Why, detail: str = "", *, again: bool = False) -> None:
        super().__init__(f"{why} ({detail})" if detail else why)
        self.why = why
        self.detail = detail
        """For engineers: a code, never what the provider wrote, and never about a person."""
        self.again = again
        """Whether it was told of a moment ago: nothing was tried since."""
