"""Ten thousand rooms of a tenant, read by Microsoft's own client."""

import pytest

from tests.bridge.test_discovery import Tenanted, clock, come_with_progress, tenanted

__all__ = ["clock", "tenanted"]  # fixtures


@pytest.mark.timeout(300)
async def test_ten_thousand_rooms_come_with_progress(tenanted: Tenanted) -> None:
    await come_with_progress(tenanted, 10_000)
