"""What the makers of room systems make a condition, until the site has acknowledged it."""

from bridge.doctor.finding import Finding, finding
from bridge.health import BRIDGE
from bridge.settings.model import Configuration
from connector import load


async def conditions(configuration: Configuration) -> list[Finding]:
    """The standing notice of every kind in use that nobody has acknowledged, whatever the room."""
    found = []
    for kind in sorted({endpoint.kind for endpoint in configuration.inventory.endpoints}):
        driver = load.endpoint(kind)
        if driver.acknowledge and driver.acknowledge not in configuration.site.acknowledge:
            fix = f"acknowledge: [{driver.acknowledge}] in bridge.yaml ends this"
            found.append(finding(BRIDGE, "condition_unacknowledged", driver.notice, fix))
    return found
