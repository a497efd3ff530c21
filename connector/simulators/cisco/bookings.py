"""Bookings as a unit stores them, whichever way they came, and what its screen makes of them."""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from connector.simulators.cisco.markup import Items, Tree
from connector.simulators.cisco.versions import Version

Privacy: TypeAlias = Literal["Public", "Private"]
ConnectMode: TypeAlias = Literal["OBTP", "Manual", "AutoDial"]


class Organizer(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever called the meeting."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    id: str = ""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


class Webex(msgspec.Struct, frozen=True, kw_only=True):
    """What a booking says of a Webex meeting."""

    enabled: str = "False"
    url: str = ""
    meeting_number: str = ""
    password: str = ""
    host_key: str = ""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Somewhere to dial."""

    number: str
    protocol: str = ""
    call_rate: str = ""
    call_type: str = ""


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """One booking; buffers in seconds, the extension in minutes."""

    id: str
    start: datetime
    end: datetime
    meeting_id: str = ""
    title: str = ""
    agenda: str = ""
    privacy: Privacy = "Public"
    organizer: Organizer = Organizer()
    start_buffer: int = 0
    end_buffer: int = 0
    extension: int = 0
    status: str = "OK"
    status_message: str = ""
    webex: Webex = Webex()
    encryption: str = "BestEffort"
    role: str = "Master"
    recording: str = "Disabled"
    targets: tuple[Target, ...] = ()
    connect_mode: ConnectMode = "OBTP"
    meeting_type: str = ""
    platform: str = ""

    @property
    def target(self) -> Target | None:
        """What Join dials; None where there is nothing to join with one touch."""
        if self.connect_mode == "Manual" or not self.targets or not self.targets[0].number:
            return None
        return self.targets[0]

    def runs(self, now: datetime) -> bool:
        """Whether the meeting is on."""
        return self.start <= now < self.end

    def listed(self, now: datetime) -> bool:
        """Whether the screen still shows it."""
        return now < self.end + timedelta(seconds=self.end_buffer)

    def lit(self, now: datetime) -> bool:
        """Whether its Join button can be pressed."""
        opens = self.start - timedelta(seconds=self.start_buffer)
        return self.target is not None and opens <= now and self.listed(now)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A booking on the screen."""

    id: str
    title: str
    organizer: str
    start: datetime
    end: datetime
    private: bool
    join: bool
    """Whether Join is lit now."""
    dial: str | None
    """What Join would dial, lit or not."""
    protocol: str | None
    platform: str
    in_call: bool


def stamp(instant: datetime) -> str:
    """An instant as units write it."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def listing(booking: Booking, version: Version) -> Tree:
    """A booking as `Bookings List` gives it back; units after CE9.13 add four fields."""
    later = version.at_least(9, 13)
    added: Tree = {"MeetingId": booking.meeting_id} if later else {}
    cancellable: Tree = {"Cancellable": "False"} if later else {}
    spark: Tree = {"Spark": _spark(booking)} if later and booking.meeting_type else {}
    extension = "Guaranteed" if later and booking.extension else ""
    return {
        "Id": booking.id,
        **added,
        "Title": booking.title,
        "Agenda": booking.agenda,
        "Privacy": booking.privacy,
        "Organizer": {
            "FirstName": booking.organizer.first_name,
            "LastName": booking.organizer.last_name,
            "Email": booking.organizer.email,
            "Id": booking.organizer.id,
        },
        "Time": {
            "StartTime": stamp(booking.start),
            "StartTimeBuffer": str(booking.start_buffer),
            "EndTime": stamp(booking.end),
            "EndTimeBuffer": str(booking.end_buffer),
        },
        "MaximumMeetingExtension": str(booking.extension),
        "MeetingExtensionAvailability": extension,
        "BookingStatus": booking.status,
        "BookingStatusMessage": booking.status_message,
        **cancellable,
        "Webex": _webex(booking.webex),
        "Encryption": booking.encryption,
        "Role": booking.role,
        "Recording": booking.recording,
        "DialInfo": {"Calls": _calls(booking.targets), "ConnectMode": booking.connect_mode},
        **spark,
    }


def _webex(webex: Webex) -> Tree:
    return {
        "Enabled": webex.enabled,
        "Url": webex.url,
        "MeetingNumber": webex.meeting_number,
        "Password": webex.password,
        "HostKey": webex.host_key,
        "DialInNumbers": {},
    }


def _calls(targets: tuple[Target, ...]) -> Tree:
    """The calls of a booking; what was not said of one is left out."""
    said = [
        {
            "Number": target.number,
            "Protocol": target.protocol,
            "CallRate": target.call_rate,
            "CallType": target.call_type,
        }
        for target in targets
    ]
    numbered = enumerate(said, start=1)
    return {"Call": Items({n: {k: v for k, v in call.items() if v} for n, call in numbered})}


def _spark(booking: Booking) -> Tree:
    return {
        "MeetingType": booking.meeting_type,
        "Alert": "True",
        "LocusActive": "False",
        "Pending": "False",
        "Participants": {},
    }
