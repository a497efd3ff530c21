"""The rooms that the demo and the simulators invent."""

from pathlib import Path

from rooms.room import Room

_BIRDS = ("Kestrel", "Heron", "Avocet", "Puffin", "Curlew", "Lapwing", "Osprey", "Plover")
_FLOORS = ("Ground", "1", "2", "3")
_SIZES = (8, 4, 12, 6)
_FEATURES = (
    ("Screen", "Video", "Whiteboard"),
    ("Screen", "Video"),
    ("Screen", "Video", "Phone", "Step-free"),
    ("Screen", "Whiteboard"),
)
BUILDING = "Harbour House"
LIST = "harbour-house"
"""The room list of all of them."""


def demo_rooms(count: int) -> list[Room]:
    """Rooms with the names of birds."""
    return [
        Room(
            id=name.lower().replace(" ", "-"),
            name=name,
            mailbox=f"{name.lower().replace(' ', '-')}@example.com",
            source="m365",
            time_zone=_local_zone(),
            building=BUILDING,
            floor=_FLOORS[number % len(_FLOORS)],
            capacity=_SIZES[number % len(_SIZES)],
            features=_FEATURES[number % len(_FEATURES)],
            lists=(LIST,),
        )
        for number in range(count)
        for name in [_name(number)]
    ]


def _name(number: int) -> str:
    again, which = divmod(number, len(_BIRDS))
    return _BIRDS[which] if not again else f"{_BIRDS[which]} {again + 1}"


def _local_zone() -> str:
    """The zone of this machine, so that the demo's day is the day of whoever looks."""
    target = Path("/etc/localtime").resolve()
    _, found, name = str(target).partition("/zoneinfo/")
    return name if found and name not in {"Etc/UTC", "UCT"} else "UTC"
