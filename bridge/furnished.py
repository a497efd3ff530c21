"""What the views look at, by the configuration in force."""

from bridge.settings.model import Configuration
from bridge.views.house import House


def furnish(house: House, configuration: Configuration) -> None:
    """Show the views what the configuration says."""
    site = configuration.site
    house.rooms = {room.id: room for room in configuration.inventory.rooms}
    house.lists = {one.id: one.name for one in configuration.inventory.lists}
    house.sources = tuple(configuration.sources)
    house.stale_after = site.stale_after
    house.proxies = site.proxies
    house.public_url = site.public_url
    if house.people is not None:
        sessions = house.people.sessions
        sessions.idle, sessions.longest = site.people.idle, site.people.longest
