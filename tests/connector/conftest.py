"""The outside world of driver tests: loopback, and a clock that stands."""

from collections.abc import AsyncIterator

import pytest

from connector.outside import Outside, open_outside
from tests.fakes.virtual import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def outside(clock: FixedClock) -> AsyncIterator[Outside]:
    async with open_outside(clock) as opened:
        yield opened
