"""Mail filters that rewrite links, and where each of them keeps the link it replaced.

To add one: a line in `GATEWAYS`. Its `keeps` says where the target stands: `query:NAME` (a query
parameter, percent-encoded), `base64:NAME`, `segment` (the path segment that starts with a scheme),
`fences` (between two `___`), one of the three forms of Proofpoint, or `nothing` where the link is a
token that only the filter can resolve.
"""

import msgspec


class Gateway(msgspec.Struct, frozen=True):
    """A mail filter or redirect whose links hide another link."""

    name: str
    hosts: str
    """Host suffixes, apart by spaces."""
    keeps: str
    path: str = ""
    """What the path must hold, where the host also serves other pages."""


GATEWAYS = (
    Gateway("safelinks", "safelinks.protection.outlook.com", "query:url"),
    Gateway("safelinks", "safelinks.protection.office365.us", "query:url"),
    Gateway("safelinks", "safelinks.protection.partner.outlook.cn", "query:url"),
    Gateway("safelinks", "safelinks.protection.outlook.de", "query:url"),
    Gateway("safelinks", "statics.teams.cdn.office.net", "query:url", path="safelinks"),
    Gateway("safelinks", "outlook.office.com outlook.office365.com", "query:url", path="safelink"),
    Gateway("safelink_azure", "safelink.emails.azure.net", "query:destination"),
    Gateway("proofpoint_v3", "urldefense.com urldefense.us", "proofpoint3", path="/v3/"),
    Gateway("proofpoint_v3", "urldefense.proofpoint.com", "proofpoint3", path="/v3/"),
    Gateway("proofpoint_v2", "urldefense.com urldefense.us", "proofpoint2", path="/v2/"),
    Gateway("proofpoint_v2", "urldefense.proofpoint.com", "proofpoint2", path="/v2/"),
    Gateway("proofpoint_v1", "urldefense.proofpoint.com urldefense.com", "query:u", path="/v1/"),
    Gateway("google_redirect", "google.*", "query:q query:url", path="/url?"),
    Gateway("barracuda", "linkprotect.cudasvc.com", "query:a"),
    Gateway("cisco_secure_web", "secure-web.cisco.com", "segment"),
    Gateway("sophos", "protection.sophos.com", "base64:u"),
    Gateway("trendmicro", "trendmicro.com trendmicro.eu", "query:url", path="/wis/clicktime"),
    Gateway("fireeye", "fireeye.com trellix.com", "query:u", path="/url"),
    Gateway("symantec_clicktime", "clicktime.symantec.com", "query:u"),
    Gateway("checkpoint_harmony", "url.avanan.click", "fences"),
    Gateway("checkpoint_harmony", "protect.checkpoint.com", "fences"),
    Gateway("aws_ses_track", "awstrack.me", "segment", path="/L0/"),
    Gateway("fortimail", "*", "query:url", path="/fmlurlsvc/"),
    Gateway("esva_urlsand", "urlsand.esvalabs.com urlsand.com", "query:u"),
    Gateway("trustwave", "scanmail.trustwave.com", "query:u"),
    Gateway("edgepilot", "link.edgepilot.com", "query:u"),
    Gateway("zix", "link.zixcentral.com", "query:u"),
    Gateway("slack_redirect", "slack-redir.net", "query:url", path="/link"),
    Gateway("linkedin_redirect", "linkedin.com", "query:url", path="/redir/"),
    Gateway("facebook_redirect", "l.facebook.com lm.facebook.com", "query:u", path="/l.php"),
    Gateway("sophos_appliance", "*", "base64-query", path="?dmVyPTEm"),
    Gateway("mimecast", "mimecastprotect.com mimecast.com", "nothing", path="/s/"),
    Gateway("hornetsecurity", "atpscan.global.hornetsecurity.com", "nothing"),
    Gateway("hornetsecurity", "seclinks.cloud-security.net", "nothing"),
    Gateway("forcepoint", "url.emailprotection.link", "nothing"),
    Gateway("intermedia", "url.serverdata.net", "nothing"),
    Gateway("mailguard", "console.mailguard.com.au", "nothing", path="/ras/"),
    Gateway("mcafee", "cp.mcafee.com", "nothing"),
    Gateway("inky", "shared.outlook.inky.com", "nothing"),
)
