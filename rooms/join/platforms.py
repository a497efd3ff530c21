"""Meeting platforms that let no room system in, or no longer answer; they are known by name."""

from rooms.join.provider import Link, Provider


def _closed(name: str, title: str, year: int, *links: Link, **known: str) -> Provider:
    """A service that has been switched off."""
    return Provider(
        name=name,
        title=title,
        links=links,
        sip_hosts=tuple(known.get("sip_hosts", "").split()),
        sip=known.get("sip", ""),
        route="closed",
        needs=f"another platform: {title} was closed in {year}",
    )


def _browser(name: str, title: str, *links: Link, word: str = "") -> Provider:
    """A platform that is joined with its own app or a browser only."""
    return Provider(
        name=name,
        title=title,
        links=links,
        words=(word,) if word else (),
        needs="a room system that runs its app or a browser: it has no video gateway",
    )


CLOSED = (
    _closed(
        "bluejeans",
        "BlueJeans",
        2024,
        Link("meeting", "bluejeans.com", r"/(?P<id>\d{3,40})(?:/(?P<passcode>\d{3,8}))?"),
        Link("room", "bluejeans.com", r"/(?P<name>(?=[a-z]*\d)[\w.\-]{3,40})"),
        Link("room", "bluejeans.com", r"/(?P<name>[a-z]{1,20}\.[a-z][\w.\-]{1,40})"),
        Link("event", "primetime.bluejeans.com", r"/a2m/live-event/(?P<key>\w{3,40})"),
        sip_hosts="bjn.vc 199.48.152.152",
        sip="{id}@bjn.vc",
    ),
    _closed(
        "starleaf",
        "StarLeaf",
        2022,
        Link("meeting", "meet.starleaf.com", r"/(?P<id>\d{1,40})(?:/app)?"),
        sip_hosts="call.sl meet.starleaf.com",
    ),
    _closed(
        "chime",
        "Amazon Chime",
        2026,
        Link("meeting", "=chime.aws", r"/(?P<id>\d{4,40})"),
        Link(
            "room", "=chime.aws", r"/(?!(?:login|download|dialinnumbers)\b)(?P<name>[\w.\-]{2,60})"
        ),
        Link("app", "app.chime.aws", r"/meetings/(?P<name>[\w.\-]{2,60})", 1),
        Link("scheme", "=meeting", r"/?\?(?:[^#]*&)?pin=(?P<name>\w{1,60})", 2, "chime"),
    ),
    _closed(
        "hangouts",
        "Google Hangouts",
        2022,
        Link("call", "=hangouts.google.com", r"/(?:hangouts/_|call)/(?P<key>[^?#]{3,200})"),
        Link("call", "=plus.google.com", r"/hangouts/_/(?P<key>[^?#]{3,200})"),
    ),
    _closed(
        "workplace",
        "Workplace from Meta",
        2026,
        Link("call", "workplace.com", r"/groupcall/(?P<key>[\w.\-:]{1,80})"),
    ),
)

GATEWAY_OF_HOST = (
    Provider(
        name="voov",
        title="Tencent Meeting / VooV",
        words=("腾讯会议", "騰訊會議", "voov", "tencent meeting"),
        digits=(9, 12),
        links=(
            Link(
                "link",
                "meeting.tencent.com voovmeeting.com",
                r"/(?:s|dm|dw|p|j)/(?P<key>[\w\-]{1,60})",
            ),
            Link("link", "=wemeet.qq.com =meeting.qq.com", r"/(?:w|s|dm)/(?P<key>[\w\-]{1,60})"),
        ),
        route="printed",
        needs="room system access (SIP and H.323) on the Tencent Meeting account of the host",
    ),
    Provider(
        name="lark",
        title="Lark / Feishu",
        digits=(9, 9),
        links=(Link("link", "larksuite.com feishu.cn", r"/j/(?:(?P<id>\d{1,40})|x{3,40})"),),
        route="printed",
        needs="the room connector (SIP and H.323) on the Lark or Feishu tenant of the host",
    ),
)

_JITSI_ROOM = (
    r"/(?P<id>(?!(?:static|libs|sounds|images)/)[^/?#&]{1,200}(?<!\.js)(?<!\.html))/?(?=[?#]|$)"
)

BROWSER = (
    _browser(
        "jitsi",
        "Jitsi Meet",
        Link("room", "=meet.jit.si =beta.meet.jit.si moderated.jitsi.net", _JITSI_ROOM),
        Link("room", "meet.ffmuc.net meet.element.io framatalk.org", _JITSI_ROOM),
        Link("room", "calls.disroot.org fairmeeting.net meet.systemli.org", _JITSI_ROOM),
        Link("server", "*", r"(?:[\w\-]+\.)?jitsi[\w\-]*\.[^/]+" + _JITSI_ROOM, holds="jitsi"),
        word="jitsi",
    ),
    _browser(
        "whereby",
        "Whereby",
        Link(
            "room",
            "whereby.com appear.in",
            r"/(?!(?:information|blog|user|org|login|pricing|product|about|embedded|download)\b)"
            r"(?P<id>[\w\-]{2,80})",
        ),
    ),
    _browser(
        "8x8",
        "8x8 Meet",
        Link("room", "8x8.vc", r"/(?![^?#]*\.js)(?P<id>(?:[^/?#&.]{1,100}/)?[^/?#&.]{1,100})"),
    ),
    _browser(
        "dialpad",
        "Dialpad Meetings",
        Link("room", "meetings.dialpad.com", r"/room/(?P<id>[^/?#&]{1,80}(?:/[^/?#&]{1,80})?)"),
        Link(
            "name",
            "meetings.dialpad.com",
            r"/(?!(?:international|room|login)\b)(?P<id>[\w.\-]{2,80})",
        ),
        Link(
            "name",
            "=uberconference.com =www.uberconference.com",
            r"/(?!(?:login|pricing|features|about|blog|help)\b)(?P<id>[\w.\-]{2,80})",
        ),
    ),
    _browser(
        "zoho",
        "Zoho Meeting",
        Link(
            "key",
            "meeting.zoho.com meeting.zoho.eu meeting.zoho.in",
            r"/(?:meeting/)?join\?[^#\s]+",
        ),
        Link("key", "meeting.zoho.com.au meeting.zoho.jp", r"/(?:meeting/)?join\?[^#\s]+"),
        Link(
            "code",
            "meet.zoho.com meet.zoho.eu meet.zoho.in",
            r"/(?P<id>\w{3,12}(?:-\w{3,12}){1,3})",
        ),
        Link("cliq", "cliq.zoho.com cliq.zoho.eu cliq.zoho.in", r"/meetings/(?P<id>\w{3,60})"),
    ),
    _browser("around", "Around", Link("room", "meet.around.co", r"/r/(?P<id>[\w\-]{1,60})")),
    _browser(
        "adobe_connect",
        "Adobe Connect",
        Link("room", "adobeconnect.com", r"/(?!(?:common|system|admin|p)/)(?P<id>[\w\-]{3,80})/?"),
    ),
    _browser(
        "blackboard",
        "Blackboard Collaborate",
        Link("guest", "bbcollab.com", r"/(?:guest|collab/ui/session/(?:guest|join))/\w{8,80}"),
    ),
    _browser("butter", "Butter", Link("room", "app.butter.us", r"/[\w\-]{2,60}/[\w\-]{2,60}")),
    _browser("calcom", "Cal Video", Link("room", "=app.cal.com =cal.com", r"/video/\w{6,60}")),
    _browser(
        "daily",
        "Daily",
        Link(
            "room",
            "*",
            r"(?!(?:www|docs|help|api|dashboard)\.)[\w\-]+\.daily\.co/[\w\-]{2,80}",
            holds=".daily.co/",
        ),
    ),
    _browser("doxy", "Doxy.me", Link("room", "doxy.me", r"/(?!en\b|pricing\b)[\w.\-]{2,60}")),
    _browser("element_call", "Element Call", Link("room", "call.element.io", r"/[^\s/?]{3,120}")),
    _browser("facetime", "FaceTime", Link("join", "=facetime.apple.com", r"/join#[^\s]{8,}")),
    _browser("gather", "Gather", Link("space", "app.gather.town gather.town", r"/app/\w+/[^/?#]+")),
    _browser("gong", "Gong", Link("room", "join.gong.io", r"/[\w.\-]+/[\w.\-]+")),
    _browser(
        "join_me", "join.me", Link("meeting", "=join.me", r"/(?P<id>(?=[a-z]*-?\d)[\w\-]{3,60})")
    ),
    _browser("kmeet", "kMeet", Link("room", "kmeet.infomaniak.com", r"/(?P<id>[\w\-]{2,120})")),
    _browser(
        "livestorm",
        "Livestorm",
        Link("event", "app.livestorm.co app.livestorm.com", r"/p/[\w\-]{8,80}(?:/live)?"),
    ),
    _browser(
        "meetecho",
        "Meetecho",
        Link("session", "conf.meetecho.com", r"/[\w\-]+/?\?[^#]*session=\w+"),
    ),
    _browser(
        "opentalk", "OpenTalk", Link("room", "meet.opentalk.eu", r"/(?:room|invite)/[\w\-]{8,60}")
    ),
    _browser("pop", "Pop", Link("room", "=pop.com", r"/j/[\d\-]{5,40}")),
    _browser("proton_meet", "Proton Meet", Link("room", "meet.proton.me", r"/join/[\w\-]{4,60}")),
    _browser(
        "pumble", "Pumble", Link("room", "meet.pumble.com", r"/[a-z]{2,6}(?:-[a-z]{2,6}){1,4}")
    ),
    _browser("rainbow", "Rainbow", Link("room", "meet.openrainbow.com", r"/\w{6,80}")),
    _browser("signal", "Signal", Link("call", "=signal.link", r"/call/?#key=[\w\-]{8,}")),
    _browser("slack", "Slack", Link("huddle", "=app.slack.com", r"/huddle/\w{5,30}/\w{5,30}")),
    _browser("streamyard", "StreamYard", Link("guest", "streamyard.com", r"/guest/\w{4,40}")),
    _browser(
        "telemost",
        "Yandex Telemost",
        Link("room", "telemost.yandex.ru telemost.yandex.com", r"/j/\d{6,40}"),
    ),
    _browser("vk", "VK Calls", Link("call", "=vk.com =vk.ru", r"/call/join/[\w\-]{1,80}")),
    _browser(
        "vonage",
        "Vonage Meetings",
        Link("room", "meetings.vonage.com", r"/(?P<id>(?=[a-z]*\d)\w{3,40})"),
    ),
    _browser("vsee", "VSee", Link("room", "=vsee.com", r"/c/[\w.\-]{1,80}")),
    _browser(
        "whatsapp", "WhatsApp", Link("call", "call.whatsapp.com", r"/(?:video|voice)/[\w\-]{6,60}")
    ),
    _browser(
        "zhumu",
        "Zhumu",
        Link("join", "zhumu.com", r"/j/\d{3,40}"),
        Link("web", "zhumu.com", r"/wc/join/\d{3,40}\?(?:[^#]*&)?wpk=\w+"),
    ),
    _browser(
        "bigbluebutton",
        "BigBlueButton",
        Link("room", "*", r"[^/]+/b/(?P<id>\w{3}(?:-\w{3}){2,3})(?:/join)?", holds="/b/"),
        Link("room", "*", r"[^/]+/rooms/(?P<id>\w{3}(?:-\w{3}){2,3})/join", holds="/rooms/"),
    ),
    _browser(
        "nextcloud_talk",
        "Nextcloud Talk",
        Link(
            "call",
            "*",
            r"(?:next)?cloud[\w\-]*\.[^/]+/(?:index\.php/)?call/(?P<id>[a-z0-9]{6,12})",
            holds="/call/",
        ),
    ),
)

PLATFORMS: tuple[Provider, ...] = (*GATEWAY_OF_HOST, *CLOSED, *BROWSER)
