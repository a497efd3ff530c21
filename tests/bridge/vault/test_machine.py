"""The vault against a plain dictionary: whatever is done in whatever order, they agree."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge.vault.keys import LocalKey
from connector.secret import Secret
from tests.bridge.vault.conftest import AT, BY, key, opened, vault_at

NAMES = st.sampled_from(["m365", "m365/x", "source/m365/a", "source/m365/b", "source/two/a"])
VALUES = st.text(min_size=1, max_size=50).filter(lambda text: text.isprintable())


class VaultMachine(RuleBasedStateMachine):
    """Two processes that share a vault, and what should be in it."""

    @initialize()
    def begin(self) -> None:
        self.kept = tempfile.TemporaryDirectory()
        self.folder = Path(self.kept.name)
        self.right: list[LocalKey] = [key(1)]
        self.next = 2
        self.model: dict[str, str] = {}
        self.processes = [vault_at(self.folder, *self.right) for _ in range(2)]
        self.processes[0].init(at=AT, by=BY)

    @rule(name=NAMES, value=VALUES, who=st.integers(0, 1))
    def set(self, name: str, value: str, who: int) -> None:
        self.processes[who].put(name, Secret(value), at=AT, by=BY)
        self.model[name] = value

    @rule(name=NAMES, who=st.integers(0, 1))
    def delete(self, name: str, who: int) -> None:
        gone = self.processes[who].drop(name, at=AT, by=BY)
        assert gone == (self.model.pop(name, None) is not None)

    @rule(source=st.sampled_from(["m365", "two", "none"]), who=st.integers(0, 1))
    def revoke(self, source: str, who: int) -> None:
        prefix = f"source/{source}/"
        gone = self.processes[who].drop_all(prefix, at=AT, by=BY)
        assert gone == sorted(name for name in self.model if name.startswith(prefix))
        self.model = {name: one for name, one in self.model.items() if name not in gone}

    @rule(who=st.integers(0, 1))
    def rotate(self, who: int) -> None:
        self.processes[who].rotate(at=AT, by=BY)

    @rule()
    def move(self) -> None:
        new = key(self.next)
        self.processes[0].rotate(at=AT, by=BY, more=[new])
        assert opened(self.folder, *self.right).keys == (self.right[0].id, new.id)
        self.right, self.next = [new], self.next + 1
        self.reopen()
        self.processes[1].rotate(at=AT, by=BY)

    @rule()
    def reopen(self) -> None:
        self.processes = [vault_at(self.folder, *self.right) for _ in range(2)]

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "model"):
            return
        for process in (*self.processes, vault_at(self.folder, *self.right)):
            process.reopen()
            told = {one.name: process.require(one.name).reveal() for one in process.listed()}
            assert told == self.model

    def teardown(self) -> None:
        if hasattr(self, "kept"):
            self.kept.cleanup()


VaultMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestVaultMachine = VaultMachine.TestCase
