"""Settings of a unit: those that matter to calendars, logins and web access."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.simulators.cisco.markup import Tree, nest
from connector.simulators.cisco.spaces import SWITCH, TRUTH, VISIBILITY, OneOf, Space, Text, Whole
from connector.simulators.cisco.versions import Version


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting, its default, what it takes, and the version from which it is there."""

    path: str
    default: str
    space: Space
    since: tuple[int, ...] = ()
    until: tuple[int, ...] = (999,)
    """The version in which it is gone."""


_BOOKINGS = "UserInterface/Bookings/Visibility"
_SESSION = "Security/Session"
PROVISIONING = OneOf(("Auto", "CUCM", "Edge", "Off", "TMS", "VCS", "Webex"))
_TLS = OneOf(("TLSv1.1", "TLSv1.2"))

SETTINGS = (
    Setting("Bookings/AdhocBooking/BookAhead/Enabled", "False", TRUTH, (11, 24)),
    Setting("Bookings/AdhocBooking/BookingTimeout", "60", Whole(60, 300), (11, 17)),
    Setting("Bookings/AdhocBooking/Enabled", "False", TRUTH, (11, 9, 2, 4)),
    Setting("Bookings/AllowDecline", "All", OneOf(("All", "InsideOnly", "None")), (11, 17)),
    Setting("Bookings/CheckIn/AutoCheckInDuration", "8", Whole(8, 24), (26,)),
    Setting("Bookings/CheckIn/Enabled", "False", TRUTH, (11, 15)),
    Setting(
        "Bookings/CheckIn/WindowDuration",
        "10",
        OneOf(("5", "10", "15", "20", "30", "60")),
        (11, 17),
    ),
    Setting("Bookings/DeclinableBookingType", "AdhocOnly", OneOf(("AdhocOnly", "All")), (11, 24)),
    Setting("Bookings/MaxDuration", "0", Whole(0, 24), (11, 19)),
    Setting("Bookings/ProtocolPriority", "Auto", OneOf(("Auto", "WebRTC")), (9, 15)),
    Setting("HttpFeedback/TlsVerify", "On", SWITCH, (8,)),
    Setting("NetworkServices/HTTP/Mode", "HTTPS", OneOf(("HTTP+HTTPS", "HTTPS", "Off")), (8,)),
    Setting("NetworkServices/HTTPS/Server/MinimumTLSVersion", "TLSv1.1", _TLS, (8,), (11, 14)),
    Setting(
        "NetworkServices/HTTPS/Server/MinimumTLSVersion",
        "TLSv1.2",
        OneOf(("TLSv1.1", "TLSv1.2", "TLSv1.3")),
        (11, 14),
    ),
    Setting("NetworkServices/SSH/Mode", "On", SWITCH),
    Setting(
        "NetworkServices/Websocket", "Off", OneOf(("FollowHTTPService", "Off")), (9, 7), (10, 19)
    ),
    Setting(
        "NetworkServices/Websocket",
        "FollowHTTPService",
        OneOf(("FollowHTTPService", "Off")),
        (10, 19),
    ),
    Setting("Provisioning/ExternalManager/Address", "", Text(64)),
    Setting(
        "Provisioning/ExternalManager/Path",
        "tms/public/external/management/systemmanagementservice.asmx",
        Text(255),
    ),
    Setting("Provisioning/ExternalManager/Protocol", "HTTP", OneOf(("HTTPS", "HTTP"))),
    Setting("Provisioning/Mode", "Auto", PROVISIONING),
    Setting("Provisioning/TlsVerify", "On", SWITCH, (9,)),
    Setting("RoomAnalytics/PeopleCountOutOfCall", "Off", SWITCH, (9,)),
    Setting("RoomAnalytics/PeoplePresenceDetector", "Off", SWITCH, (9,)),
    Setting("RoomScheduler/Enabled", "False", TRUTH, (9, 15)),
    Setting(f"{_SESSION}/FailedLoginsLockoutTime", "60", Whole(0, 10_000)),
    Setting(f"{_SESSION}/InactivityTimeout", "0", Whole(0, 10_000)),
    Setting(f"{_SESSION}/MaxFailedLogins", "0", Whole(0, 10), (), (26, 4)),
    Setting(f"{_SESSION}/MaxFailedLogins", "5", Whole(0, 10), (26, 4)),
    Setting(f"{_SESSION}/MaxSessionsPerUser", "20", Whole(1, 20)),
    Setting(f"{_SESSION}/MaxTotalSessions", "20", Whole(1, 30)),
    Setting("SystemUnit/Name", "", Text(50)),
    Setting("UserInterface/LedControl/Mode", "Auto", OneOf(("Auto", "Manual", "Off")), (10,)),
    Setting(f"{_BOOKINGS}/AllDayMeetings", "Auto", VISIBILITY, (11, 23)),
    Setting(f"{_BOOKINGS}/EarlyJoin", "Hidden", VISIBILITY, (11, 14)),
    Setting(f"{_BOOKINGS}/NonJoinableMeetings", "Auto", VISIBILITY, (11, 23)),
    Setting(f"{_BOOKINGS}/Organizer", "Auto", VISIBILITY, (11, 14)),
    Setting(f"{_BOOKINGS}/TentativeMeetings", "Auto", VISIBILITY, (10, 19)),
    Setting(f"{_BOOKINGS}/Title", "Auto", VISIBILITY, (9, 12, 3)),
)


class Configuration:
    """The settings of one unit."""

    def __init__(self, version: Version, values: Mapping[str, str] | None = None) -> None:
        self.settings = {
            one.path: one
            for one in SETTINGS
            if version.at_least(*one.since) and not version.at_least(*one.until)
        }
        self.changed = {k: v for k, v in (values or {}).items() if k in self.settings}

    def __contains__(self, path: str) -> bool:
        return path in self.settings

    def __getitem__(self, path: str) -> str:
        return self.changed.get(path, self.settings[path].default)

    def spelled(self, path: str) -> str:
        """A path as the unit spells it, whatever its case."""
        return next((one for one in self.settings if one.lower() == path.lower()), path)

    def hides(self, what: str) -> bool:
        """Whether the screen keeps something to itself: `Title`, `Organizer`."""
        path = f"{_BOOKINGS}/{what}"
        return path in self and self[path] == "Hidden"

    def session(self, what: str) -> int:
        """A number of the settings about logins and sessions."""
        return int(self[f"{_SESSION}/{what}"])

    def change(self, path: str, value: str) -> None:
        """Change one setting.

        Raises:
            KeyError: there is no such setting.
            ValueError: it does not take this value.
        """
        if not self.settings[path].space.accepts(value):
            raise ValueError(path)
        self.changed[path] = value

    def tree(self) -> Tree:
        """All settings as a document."""
        return nest({path: self[path] for path in self.settings})
