"""`/subscriptions`: who asks to be told of changes, renews that, and ends it.

https://learn.microsoft.com/graph/api/subscription-post-subscriptions,
https://learn.microsoft.com/graph/change-notifications-lifecycle-events
"""

import re
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from aiohttp import web
from yarl import URL

from connector.simulators.graph.call import Call
from connector.simulators.graph.delivery import HUB, is_loopback
from connector.simulators.graph.faults.pushes import OddProof
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.refusal import Json, Refused
from connector.simulators.graph.subscriptions import SHORTEST, Subscription

LONGEST_STATE = 128
_CHANGES = {"created", "updated", "deleted"}
_RESOURCE = re.compile(r"/?users/(?P<mailbox>[^/?]+)/(?:calendar/)?events/?", re.IGNORECASE)
_SKIP = "$skiptoken"


class _New(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    change_type: str
    notification_url: str
    resource: str
    expiration_date_time: datetime
    client_state: str | None = None
    lifecycle_notification_url: str | None = None
    latest_supported_tls_version: str = "v1_2"
    include_resource_data: bool | None = None
    notification_content_type: str | None = None


class _Renewal(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    expiration_date_time: datetime | None = None
    notification_url: str | None = None


def routes() -> list[web.RouteDef]:
    """What can be done about subscriptions."""
    one = "/v1.0/subscriptions/{subscription}"
    return [
        web.post("/v1.0/subscriptions", subscribe),
        web.get("/v1.0/subscriptions", listed),
        web.get(one, get),
        web.patch(one, renew),
        web.delete(one, end),
        web.post(f"{one}/reauthorize", reauthorize),
    ]


async def subscribe(request: web.Request) -> web.StreamResponse:
    """A new subscription, once both addresses said that they want it."""
    call = Call(request, "subscriptions")

    async def make() -> Json:
        client_id = call.authenticated().client_id
        asked = await call.body(_New)
        mailbox = _resource(call, asked.resource)
        _check(call, asked, mailbox)
        expires = _until(call, asked.expiration_date_time)
        odd = call.struck(OddProof)
        for url in filter(None, (asked.notification_url, asked.lifecycle_notification_url)):
            _check_url(url)
            await call.tenant.delivery.prove(url, odd.token if odd else "")
        made = Subscription(
            id=str(uuid4()),
            client_id=client_id,
            mailbox=mailbox.address.lower(),
            resource=asked.resource,
            change_types=frozenset(asked.change_type.split(",")),
            notification_url=asked.notification_url,
            lifecycle_url=asked.lifecycle_notification_url,
            client_state=asked.client_state,
            expires=expires,
            immutable=call.preferences.immutable,
            tls=asked.latest_supported_tls_version,
        )
        call.tenant.subscriptions.add(made)
        return _entity(call, made)

    return await call.answer(make, status=201)


async def listed(request: web.Request) -> web.StreamResponse:
    """The subscriptions of the application that asks, page by page."""
    call = Call(request, "subscriptions")

    def make() -> Json:
        own = call.tenant.subscriptions.all(call.authenticated().client_id)
        begin, size = request.query.get(_SKIP, "0"), call.tenant.subscriptions.page
        if not begin.isdecimal():
            raise Refused(400, "BadRequest", "The skip token is invalid.")
        here = own[int(begin) : int(begin) + size]
        page: Json = {
            "@odata.context": f"{call.origin}/v1.0/$metadata#subscriptions",
            "value": [_json(call, one) for one in here],
        }
        if int(begin) + size < len(own):
            link = f"{call.origin}/v1.0/subscriptions?{_SKIP}={int(begin) + size}"
            page["@odata.nextLink"] = link
        return page

    return await call.answer(make)


async def get(request: web.Request) -> web.StreamResponse:
    """One subscription."""
    call = Call(request, "subscriptions")
    return await call.answer(lambda: _entity(call, _own(call)))


async def renew(request: web.Request) -> web.StreamResponse:
    """Another end, or another address; nothing else can be changed."""
    call = Call(request, "subscriptions")

    async def make() -> Json:
        one, asked = _own(call), await call.body(_Renewal)
        if asked.expiration_date_time is not None:
            expires = _until(call, asked.expiration_date_time)
        else:
            expires = one.expires
        if asked.notification_url is not None:
            _check_url(asked.notification_url)
            await call.tenant.delivery.prove(asked.notification_url)
            one.notification_url = asked.notification_url
        one.expires = expires
        return _entity(call, one)

    return await call.answer(make)


async def end(request: web.Request) -> web.StreamResponse:
    """A subscription, ended."""
    call = Call(request, "subscriptions")

    def make() -> None:
        call.tenant.subscriptions.drop(_own(call).id)

    return await call.answer(make, status=204)


async def reauthorize(request: web.Request) -> web.StreamResponse:
    """A subscription whose application may still read."""
    call = Call(request, "subscriptions")

    def make() -> None:
        call.mailbox(_own(call).mailbox)

    return await call.answer(make, status=204)


def _resource(call: Call, resource: str) -> Mailbox:
    """The mailbox whose events are meant, by somebody who may read them."""
    if found := _RESOURCE.fullmatch(resource):
        return call.mailbox(found["mailbox"])
    message = f"Resource '{resource}' is not supported for subscriptions."
    raise Refused(400, "InvalidRequest", message)


def _check(call: Call, asked: _New, mailbox: Mailbox) -> None:
    """Refuse what cannot be subscribed to."""
    if not asked.change_type or not set(asked.change_type.split(",")) <= _CHANGES:
        message = f"The changeType '{asked.change_type}' is not supported for this resource."
        raise Refused(400, "InvalidRequest", message)
    if asked.include_resource_data:
        raise Refused(501, "NotImplemented", "The simulator sends no resource data.")
    if len(asked.client_state or "") > LONGEST_STATE:
        message = f"clientState must not exceed {LONGEST_STATE} characters."
        raise Refused(400, "InvalidRequest", message)
    if len(call.tenant.subscriptions.of(mailbox.address)) >= call.tenant.subscriptions.per_mailbox:
        message = "The limit of active subscriptions of the mailbox has been reached."
        raise Refused(403, "Forbidden", message)


def _check_url(url: str) -> None:
    """Refuse an address that is not safe."""
    if url.startswith(HUB):
        return
    try:
        there = URL(url)
    except ValueError:
        there = URL()
    if there.host and (there.scheme == "https" or (there.scheme == "http" and is_loopback(there))):
        return
    raise Refused(400, "InvalidRequest", "The notification URL must be an absolute HTTPS URL.")


def _until(call: Call, asked: datetime) -> datetime:
    """When a subscription ends: in 45 minutes at least."""
    now, longest = call.tenant.now(), call.tenant.subscriptions.longest
    end = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    if end - now > longest:
        minutes = int(longest.total_seconds() // 60)
        message = f"Subscription expiration can only be {minutes} minutes in the future."
        raise Refused(400, "ExtensionError", message)
    return max(end, now + SHORTEST).astimezone(UTC)


def _own(call: Call) -> Subscription:
    """The subscription in the path, if it is of the application that asks."""
    client_id = call.authenticated().client_id
    try:
        one = call.tenant.subscriptions.get(call.request.match_info["subscription"])
    except KeyError:
        one = None
    if one is None or one.client_id != client_id:
        raise Refused(404, "ResourceNotFound", "The object was not found.")
    return one


def _entity(call: Call, one: Subscription) -> Json:
    return {"@odata.context": f"{call.origin}/v1.0/$metadata#subscriptions/$entity"} | _json(
        call, one
    )


def _json(call: Call, one: Subscription) -> Json:
    """A subscription as Graph writes it."""
    owner = uuid5(NAMESPACE_URL, f"{call.tenant.tenant_id}/{one.client_id}")
    return {
        "id": one.id,
        "resource": one.resource,
        "applicationId": one.client_id,
        "changeType": ",".join(sorted(one.change_types)),
        "clientState": one.client_state,
        "notificationUrl": one.notification_url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": one.lifecycle_url,
        "expirationDateTime": one.expires.isoformat().replace("+00:00", "Z"),
        "creatorId": str(owner),
        "includeResourceData": None,
        "latestSupportedTlsVersion": one.tls,
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
    }
