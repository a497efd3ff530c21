"""A writer that ends at any step leaves the former vault or the new one, never neither."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.vault.vault import Vault
from tests.bridge.vault.conftest import AT, BY, key, put, values, vault_at

CLOSE = os.close


class Killed(BaseException):
    """The process is no more: nothing that would tidy up runs."""


class Steps:
    """Counts what a write does on disk, and ends it at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.last = 0
        self.done = 0
        self.error: BaseException = Killed()
        for owner, name in (
            (os, "open"),
            (os, "fdopen"),
            (os, "fsync"),
            (os, "close"),
            (fcntl, "flock"),
            (Path, "unlink"),
            (Path, "replace"),
        ):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **more: Any) -> Any:
            if self.last:
                self.done += 1
                if self.done == self.last:
                    if real is CLOSE:
                        real(*given)  # as the end of a process does, whose locks end with it
                    raise self.error
            return real(*given, **more)

        return step


def ended_everywhere(
    steps: Steps, act: Callable[[], object], holds: Callable[[], bool], errors: int = 0
) -> int:
    """Do it, ended at its first step, its second, and so on; how many there were."""
    for last in range(1, 100):
        steps.last, steps.done = last, 0
        try:
            act()
        except (Killed, OSError):
            steps.last = 0
            assert holds(), f"after step {last}"
        else:
            steps.last = 0
            assert last > 5 + errors, "the steps were not counted"
            return last - 1
    raise AssertionError("it never ends")


@pytest.mark.parametrize("error", [Killed(), OSError(28, os.strerror(28))], ids=["killed", "full"])
def test_a_write_that_ends_anywhere_leaves_the_former_or_the_new(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    put(vault, "m365", "old")
    put(vault, "other", "same")
    steps = Steps(monkeypatch)
    steps.error = error

    def holds() -> bool:
        found = values(tmp_path)
        return found["m365"] in {"old", "new"} and found["other"] == "same"

    ended_everywhere(steps, lambda: put(vault_at(tmp_path), "m365", "new"), holds)
    assert values(tmp_path)["m365"] == "new"


@pytest.mark.parametrize("error", [Killed(), OSError(5, os.strerror(5))], ids=["killed", "broken"])
def test_a_move_to_another_key_that_ends_anywhere_leaves_one_that_opens(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    put(vault, "m365", "right")
    steps = Steps(monkeypatch)
    steps.error = error
    right = {"m365": "right"}
    ended_everywhere(
        steps,
        lambda: vault_at(tmp_path, key(1)).rotate(at=AT, by=BY, more=[key(2)]),
        lambda: values(tmp_path, key(1)) == right,
    )
    ended_everywhere(
        steps,
        lambda: vault_at(tmp_path, key(2)).rotate(at=AT, by=BY),
        lambda: values(tmp_path, key(2)) == right,
    )
    assert values(tmp_path, key(2)) == right


def test_a_first_vault_that_ends_anywhere_is_there_or_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps(monkeypatch)

    def made() -> None:
        (tmp_path / "vault").unlink(missing_ok=True)
        vault_at(tmp_path).init(at=AT, by=BY)

    def holds() -> bool:
        return not (tmp_path / "vault").exists() or values(tmp_path) == {}

    ended_everywhere(steps, made, holds)
    assert values(tmp_path) == {}
