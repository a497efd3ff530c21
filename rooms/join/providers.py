"""The meeting platforms a room system can dial, or could if the host allowed it.

To add one: a `Provider` here (or in `platforms.py` where no room system is ever let in) and a file
of samples under `tests/samples/join/`.
"""

from rooms.join.provider import Link, Provider

_ZOOM = "zoom.us zoom.com zoom.com.cn zoom-x.de"
_TEAMS = (
    "teams.microsoft.com teams.microsoft.us teams.cloud.microsoft teams.live.com"
    " teams.microsoftonline.cn"
)
_TEAMS_APP = r"/(?:_#/|v2/[^#]*#/)?(?:l/)?"
_SKYPE_ID = r"(?-i:(?P<id>(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{6,10}))"
_RINGCENTRAL = (
    "ringcentral.com ringcentral.biz officeathand.att.com meetings-officeathand.att.com"
    " unifyoffice.com btcloudphone.bt.com businessconnect.telus.com cloudoffice.avaya.com"
    " rainbowoffice.com"
)


def _zoom(hosts: str) -> tuple[Link, ...]:
    """The links of one Zoom cloud; `xxx` stands where somebody removed the number."""
    return (
        Link("join", hosts, r"/[jw]/(?:(?P<id>\d{1,40})|x{3,40})"),
        Link("confno", hosts, r"/join\?(?:[^#]*&)?confno=(?P<id>\d{1,40})"),
        Link("web", hosts, r"/wc/(?:join/)?(?P<id>\d{1,40})(?:/(?:join|start))?", 1),
        Link("personal", hosts, r"/my/(?P<name>[^/?#&]{1,80})"),
        Link("event", hosts, r"/ejl/(?P<key>[^/?#&]{1,200})"),
        Link("host", hosts, r"/s/(?P<id>\d{1,40})", 2),
        Link("app", hosts, r"/join\?(?:[^#]*&)?confno=(?P<id>\d{1,40})", 2, "zoommtg zoomus"),
    )


DIALLED = (
    Provider(
        name="zoom",
        title="Zoom",
        words=("zoom",),
        digits=(9, 12),
        links=_zoom(_ZOOM),
        sip_hosts=("zoomcrc.com", "zmeu.us", "zmus.us"),
        sip="{id}@zoomcrc.com",
        gateways=("162.255.37.11",),
        route="compose",
        needs="a Conference Room Connector on the account of the host, or on that of the room",
    ),
    Provider(
        name="zoomgov",
        title="Zoom for Government",
        words=("zoomgov",),
        digits=(9, 12),
        links=_zoom("zoomgov.com"),
        sip_hosts=("sip.zoomgov.com",),
        sip="{id}@sip.zoomgov.com",
        gateways=("161.199.138.10",),
        route="compose",
        needs="a Conference Room Connector on the Zoom for Government account of the host",
    ),
    Provider(
        name="teams",
        title="Microsoft Teams",
        words=("microsoft teams", "ms teams", "teams meeting", "teams-", "teams 会", "teams 會"),
        digits=(9, 16),
        links=(
            Link("meet", _TEAMS, rf"{_TEAMS_APP}meet/(?P<id>\d{{1,40}})", 0, "http https msteams"),
            Link(
                "meetup-join",
                _TEAMS.replace(" teams.live.com", " =teams.live.com"),
                rf"{_TEAMS_APP}meetup-join/(?P<key>[^/?#&]{{1,400}})",
                0,
                "http https msteams",
            ),
            Link("launcher", _TEAMS, r"/dl/launcher/[^\s]*(?:meetup-join|(?:%2f|/)meet/)[^\s]*", 1),
            Link("light", _TEAMS, r"/light-meetings/launch\?[^\s]+", 2),
        ),
        sip_hosts=("plcm.vc", "m.webex.com", "teams.bjn.vc"),
        route="printed",
        needs="Cloud Video Interop (Pexip, Cisco, Poly RealConnect) on the tenant of the host,"
        " switched on for the organiser",
    ),
    Provider(
        name="webex",
        title="Webex",
        words=("webex",),
        digits=(9, 12),
        links=(
            Link(
                "join",
                "webex.com",
                r"/(?:[^?#]*/)?[jg]\.php\?(?:[^#]*&)?MTID=(?P<key>\w{1,80})",
            ),
            Link(
                "service",
                "webex.com",
                r"/wbxmjs/joinservice/sites/[^/?#]+/meeting/(?:download|info|join)/\w+"
                r"(?:\?(?:[^#]*&)?MTID=(?P<key>\w{1,80}))?",
                1,
            ),
            Link(
                "web", "webex.com", r"/webappng/sites/[^/?#]+/meeting/(?:info|join)/(?P<key>\w+)", 1
            ),
            Link(
                "old",
                "webex.com",
                r"/(?:[^?#]*/)?e\.php\?(?=[^#]*\bAT=W?[MJ])(?:[^#]*&)?EventID=(?P<key>\d{1,40})",
                2,
            ),
            Link("personal", "webex.com", r"/(?:meet|join)/(?P<name>[^/?#&]{1,80})"),
            Link("instant", "webex.com", r"/m/(?P<key>[0-9a-f\-]{20,64})"),
            Link("collabs", "webex.com", r"/collabs/meetings/join\?(?:[^#]*&)?uuid=(?P<key>\w+)"),
        ),
        sip_hosts=("*.webex.com",),
        sip="{id}@{host}",
        route="compose",
        needs="a Webex site that admits video systems (they do unless somebody forbade it)",
        access_code_is_id=True,
    ),
    Provider(
        name="meet",
        title="Google Meet",
        words=("google meet",),
        links=(
            Link(
                "code",
                "=meet.google.com",
                r"/(?:_meet/)?(?!(?:new|landing|lookup|about|home|tel|_meet)(?:[/?#]|$))"
                r"(?P<id>[a-z0-9]{1,60}(?:-[a-z0-9]{1,60}){1,8}|\d{4,40})",
            ),
            Link("stream", "stream.meet.google.com", r"/stream/(?P<key>[0-9a-f\-]{8,64})", 1),
            Link("nickname", "=g.co", r"/meet/(?P<name>[^/?#&]{1,60})", 1),
        ),
        route="printed",
        needs="an interoperability service (Pexip for Google Meet or the like) on the Workspace of"
        " the host",
    ),
    Provider(
        name="gotomeeting",
        title="GoTo Meeting",
        words=("gotomeeting", "goto meeting"),
        digits=(9, 9),
        links=(
            Link("join", "gotomeeting.com gotowebinar.com", r"/join/(?P<id>\d{1,40})"),
            Link("code", "=meet.goto.com", r"/(?P<id>\d{1,40})"),
            Link("app", "app.gotomeeting.com", r"/\?(?:[^#]*&)?meetingId=(?P<id>\d{1,40})", 1),
            Link("app", "app.goto.com", r"/meetings?/(?P<id>\d{1,40})", 1),
            Link(
                "personal",
                "gotomeet.me =meet.goto.com",
                r"/(?!(?:home|login|download)(?:[/?#]|$))(?P<name>[\w.\-]{1,60})",
            ),
        ),
        sip_hosts=("67.217.95.2",),
        route="printed",
        needs="InRoom Link on the GoTo account of the host",
        access_code_is_id=True,
    ),
    Provider(
        name="ringcentral",
        title="RingCentral",
        words=("ringcentral",),
        digits=(9, 12),
        links=(
            Link("video", _RINGCENTRAL, r"/join/(?:(?P<id>\d{1,40})|(?P<name>[\w.\-]{1,60}))"),
            Link("video", _RINGCENTRAL, r"/join\?(?:[^#]*&)?mid=(?P<id>\d{1,40})"),
            Link("meetings", _RINGCENTRAL + " meetzoom.us", r"/[jw]/(?P<id>\d{1,40})"),
        ),
        sip_hosts=("rcv.com",),
        route="printed",
        needs="the Room Connector licence on the RingCentral account of the host",
    ),
    Provider(
        name="lifesize",
        title="Lifesize",
        words=("lifesize",),
        digits=(4, 12),
        links=(
            Link("call", "call.lifesizecloud.com call.lifesize.com", r"/(?P<id>\d{1,40})"),
            Link("guest", "guest.lifesizecloud.com", r"/(?P<key>[0-9a-z\-]{8,64})", 1),
        ),
        sip_hosts=("lifesizecloud.com",),
        sip="{id}@sip.lifesizecloud.com",
        route="compose",
        needs="nothing beyond the meeting itself",
    ),
    Provider(
        name="pexip",
        title="Pexip",
        links=(
            Link("meet", "pexip.me", r"/(?:meet|m)/(?P<alias>[^/?#&]{1,120})"),
            Link("app", "*", r"(?P<alias>[\w.+\-]{1,80}@[\w\-]+(?:\.[\w\-]+)+)", 1, "pexip"),
            Link(
                "webapp",
                "*",
                r"[^/]+/webapp\d?/(?:[\w/]{0,40}(?:#/)?\?(?:[^#]*&)?conference=|(?:#/)?(?:conference|m)/)"
                r"(?P<alias>[^/?#&]{1,120})",
                holds="webapp",
            ),
        ),
        sip_hosts=("onpexip.com", "pexip.me", "videxio.com"),
        sip="{alias}",
        route="compose",
        needs="nothing beyond the meeting itself",
    ),
    Provider(
        name="cms",
        title="Cisco Meeting Server",
        links=(
            Link(
                "invited",
                "*",
                r"[^/]+/invited\.sf\?(?:[^#]*&)?id=(?P<id>\d{3,40})",
                holds="invited.sf",
            ),
            Link(
                "index",
                "*",
                r"[^/]+/index\.html\?(?=[^#]*secret=)(?:[^#]*&)?id=(?P<id>\d{3,40})",
                holds="index.html",
            ),
            Link(
                "secret",
                "*",
                r"[^/]+/meeting/(?P<id>\d{3,40})\?(?=[^#]*secret=)[^#]+",
                holds="/meeting/",
            ),
            Link(
                "web",
                "cms* join* conf* vc* meet*",
                r"[^/]+/meeting/(?P<id>\d{4,40})",
                1,
            ),
        ),
        sip="{id}@{host}",
        route="compose",
        needs="nothing beyond the meeting itself",
    ),
    Provider(
        name="skype",
        title="Skype for Business",
        words=("skype", "lync"),
        links=(
            Link("online", "meet.lync.com", r"/(?:[^/?#]{1,80}/){2,3}(?P<id>[A-Z0-9]{5,12})"),
            Link("consumer", "join.skype.com", r"/(?P<key>[\w\-]{1,60})"),
            Link(
                "server",
                "meet* join* sfb* lync* skype*",
                r"[^/]+/[^/?#]{1,80}/" + _SKYPE_ID,
            ),
            Link("pool", "*", r"[^/]+/meet/[^/?#]{1,80}/" + _SKYPE_ID, holds="/meet/"),
        ),
        route="printed",
        needs="a video gateway beside the Skype for Business server of the host",
    ),
)
