"""What every test has: a loop that nothing may block, and the vendors' material where it is."""

import inspect
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings

from tests.fakes import host_keys

# Without compiled files every worker would compile all tests, and every program that is started all
# of the appliance: a fifth of what the suite costs.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How fast examples are made says something about the machine, not about what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

OUTLIVING = frozenset(["browser", "demo"])
"""Fixtures that live longer than a test."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """One browser serves many tests, as does the demo, and each lives in one loop.

    Files that may take long come first, lest one worker be left with them in the end.
    """
    for item in items:
        if OUTLIVING & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
    yield
    weights: dict[Path, tuple[float, bool]] = defaultdict(lambda: (0.0, False))
    for item in items:
        limit = item.get_closest_marker("timeout")
        weight = float(limit.args[0]) if limit else 0.0, "process" in item.keywords
        weights[item.path] = max(weights[item.path], weight)
    items.sort(key=lambda item: weights[item.path], reverse=True)


@pytest.fixture(scope="session", autouse=True)
def keys_are_used_again() -> Iterator[None]:
    """Simulated units share a few RSA keys in turn: making one costs more than most tests."""
    with host_keys.shared():
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Iterator[None]:
    """What is made for one test is made in the loop of that test.

    pytest-asyncio has a fixture name its loop, and so would need each fixture twice.
    """
    made = getattr(fixturedef.func, "__func__", fixturedef.func)  # of a method too
    asked = fixturedef.scope == "function" and request.node.get_closest_marker("asyncio")
    with pytest.MonkeyPatch.context() as patch:
        if asked and (inspect.isasyncgenfunction(made) or inspect.iscoroutinefunction(made)):
            scope = asked.kwargs.get("loop_scope")
            patch.setattr(made, "_loop_scope", scope, raising=False)
        return (yield)


@pytest.fixture(autouse=True)
def nothing_blocks(request: pytest.FixtureRequest) -> Iterator[None]:
    """A call that blocks the event loop fails the test."""
    if "allow_blocking" in request.keywords:
        yield
        return
    with blockbuster_ctx() as guard:
        _allow_what_libraries_do(guard)
        yield


def _allow_what_libraries_do(guard: BlockBuster) -> None:
    """Calls that are short, done once, and not ours."""
    for name in ("io.BufferedReader.read", "io.TextIOWrapper.read", "os.stat"):
        # A time zone that only an event names is read when it is met: two kilobytes, once.
        guard.functions[name].can_block_in("zoneinfo/_common.py", {"load_data", "load_tzdata"})
        guard.functions[name].can_block_in("zoneinfo/_tzpath.py", {"find_tzfile"})


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of vendors' schemas, samples and invitations that are not ours to commit."""
    folder = os.environ.get("BRIDGE_CONTRACTS")
    if not folder:
        pytest.skip("BRIDGE_CONTRACTS names no folder with the vendors' schemas and samples")
    return Path(folder).resolve()
