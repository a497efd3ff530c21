"""What is read: the parts of an invitation, as the calendar service reported them."""

import msgspec

from rooms.model import Event


class EntryPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One way in that the calendar service keeps as data (Google `conferenceData` and the like)."""

    kind: str = ""
    """`video`, `sip`, `h323`, `phone` or `more`."""
    uri: str = ""
    meeting_id: str = ""
    passcode: str = ""
    label: str = ""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting invitation, before anybody looked for join details in it."""

    subject: str = ""
    locations: tuple[str, ...] = ()
    online_url: str = ""
    """The join link the service itself attached."""
    conference: tuple[EntryPoint, ...] = ()
    body: str = ""
    html: bool = False
    organizer_domain: str = ""


def invitation_of(event: Event) -> Invitation:
    """The parts of an event in which join details can stand."""
    return Invitation(
        subject=event.subject,
        locations=event.locations,
        online_url=event.online_url,
        body=event.body,
        html=event.html,
        organizer_domain=event.organizer.address.rpartition("@")[2],
    )
