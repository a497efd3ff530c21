"""ID tokens: forged, for others, of another time; and keys that come and go."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.oidc import claims
from bridge.oidc.attempts import Attempt
from bridge.oidc.failed import EVERY, SignOnFailed
from bridge.oidc.keys import ALGORITHMS, Keys, head, signed
from bridge.oidc.provider import PAUSE
from bridge.oidc.remembered import KEPT, QUIET, Remembered
from bridge.settings.people import OidcSettings
from tests.bridge.oidc.conftest import ROLES, Entrance, why
from tests.fakes.issuer import CLIENT, Issuer, of, pem, private, published
from tests.fakes.virtual import NOON, FixedClock

NOW = int(NOON.timestamp())


def encoded(part: Any) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def by_hmac(issuer: Issuer, claims: dict[str, Any], secret: bytes) -> str:
    """Signed with what everybody may know."""
    body = f"{encoded({'alg': 'HS256', 'kid': 'k1'})}.{encoded(claims)}"
    return f"{body}.{encoded(hmac.digest(secret, body.encode(), sha256))}"


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    return f"{encoded({'alg': algorithm, 'kid': 'k1'})}.{encoded(claims)}."


def with_head(issuer: Issuer, told: dict[str, Any], **more: Any) -> str:
    return jwt.encode(told, issuer.key, "RS256", headers={"kid": "k1", **more})


def elsewhere(issuer: Issuer, told: dict[str, Any], **more: Any) -> str:
    """By a key of somebody else's, which comes along in the token."""
    key = private()
    return jwt.encode(
        told, key, "RS256", headers={"kid": "k1", "jwk": published(key, "k1"), **more}
    )


def changed(issuer: Issuer, told: dict[str, Any]) -> str:
    """A good token for other groups than it was signed for."""
    first, _, last = issuer.sign(told).split(".")
    return f"{first}.{encoded(told | {'groups': ['rooms-owners']})}.{last}"


def weakly(key: Any, told: dict[str, Any]) -> str:
    """By hand: PyJWT makes nothing with a key as short as this one."""
    body = f"{encoded({'alg': 'RS256', 'kid': 'k1'})}.{encoded(told)}"
    return f"{body}.{encoded(key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def refusal(call: Callable[[], object]) -> str:
    """Why not; empty where it was done."""
    try:
        call()
    except SignOnFailed as failed:
        return failed.why
    return ""


FORGED: dict[str, Callable[[Issuer, dict[str, Any]], str]] = {
    "no signature": lambda _, told: unsigned(told, "none"),
    "no signature, in capitals": lambda _, told: unsigned(told, "NONE"),
    "a signature that is empty": lambda _, told: unsigned(told, "RS256"),
    "the public key as a secret": lambda issuer, told: by_hmac(issuer, told, pem(issuer.key)),
    "the client's secret": lambda issuer, told: by_hmac(issuer, told, b"a secret: of+two words"),
    "another key": elsewhere,
    "another key that the token names": lambda issuer, told: elsewhere(
        issuer, told, jku="http://127.0.0.1:9/keys"
    ),
    "claims changed afterwards": changed,
    "an unknown critical header": lambda issuer, told: with_head(
        issuer, told, crit=["exp2"], exp2=1
    ),
    "an unencoded payload": lambda issuer, told: with_head(issuer, told, b64=False, crit=["b64"]),
    "a key's name that is none": lambda issuer, told: jwt.encode(
        told, issuer.key, "RS256", headers={"kid": "../k1"}
    ),
    "another hash": lambda issuer, told: jwt.encode(
        told, private("P-256"), "ES256", headers={"kid": "k1"}
    ),
    "encrypted": lambda *_: "a.b.c.d.e",
    "two parts": lambda issuer, told: issuer.sign(told).rpartition(".")[0],
    "too long": lambda issuer, told: issuer.sign(told | {"x": "x" * (128 << 10)}),
    "no claims": lambda issuer, _: jwt.PyJWS().encode(b"[]", issuer.key, "RS256", {"kid": "k1"}),
    "no JSON": lambda issuer, _: jwt.PyJWS().encode(b"\xff", issuer.key, "RS256", {"kid": "k1"}),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_signs_nobody_in(entrance: Entrance, name: str) -> None:
    issuer = entrance.issuer
    issuer.signed = lambda told: FORGED[name](issuer, told)
    assert why(await entrance.enter()) == "unproven"
    assert await entrance.who() is None
    assert list(entrance.views.people.accounts) == []


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"iss": "https://elsewhere.example.com"}, "unproven"),
        ({"iss": None}, "unproven"),
        ({"aud": "another"}, "unproven"),
        ({"aud": None}, "unproven"),
        ({"aud": []}, "unproven"),
        ({"aud": [CLIENT, "another"]}, "unproven"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "unproven"),
        ({"azp": "another"}, "unproven"),
        ({"azp": [CLIENT]}, "unproven"),
        ({"nonce": None}, "unproven"),
        ({"nonce": "another"}, "unproven"),
        ({"nonce": ["x"]}, "unproven"),
        ({"sub": None}, "unproven"),
        ({"sub": ""}, "unproven"),
        ({"sub": "x" * 256}, "unproven"),
        ({"exp": None}, "unproven"),
        ({"exp": "tomorrow"}, "unproven"),
        ({"exp": True}, "unproven"),
        ({"exp": NOW - 60}, "clock"),
        ({"iat": None}, "unproven"),
        ({"iat": NOW - 601}, "clock"),
        ({"iat": NOW + 61}, "clock"),
        ({"nbf": NOW + 61}, "clock"),
        ({"nbf": "x"}, "unproven"),
    ],
)
async def test_a_token_for_others_or_of_another_time_signs_nobody_in(
    entrance: Entrance, told: dict[str, Any], code: str
) -> None:
    entrance.issuer.claims = told
    assert why(await entrance.enter()) == code
    assert await entrance.who() is None


@pytest.mark.parametrize(
    "told",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another"], "azp": CLIENT},
        {"exp": NOW - 59},
        {"iat": NOW + 59, "nbf": NOW + 59},
        {"iat": NOW - 300, "nbf": NOW - 300},  # as Entra ID dates them
    ],
)
async def test_clocks_may_differ_by_a_minute_and_an_audience_be_a_list(
    entrance: Entrance, told: dict[str, Any]
) -> None:
    entrance.issuer.claims = told
    assert (await entrance.enter()).status == 200


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_algorithm_of_key_pairs_will_do(entrance: Entrance, algorithm: str) -> None:
    issuer = entrance.issuer
    issuer.algorithm, issuer.key = algorithm, of(algorithm)
    issuer.keys = [published(issuer.key, "k1", algorithm)]
    assert (await entrance.enter()).status == 200


async def test_a_key_is_good_for_its_own_algorithm_and_use_only(entrance: Entrance) -> None:
    issuer = entrance.issuer
    weak = private("weak")
    for keys in (
        [published(issuer.key, "k1", alg="RS512")],
        [published(issuer.key, "k1", use="enc")],
        [published(issuer.key, "k1", key_ops=["encrypt"])],
        [published(issuer.key, "k1"), published(private(), "k1")],
        [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}],
    ):
        issuer.keys = keys
        entrance.set(scopes=("openid", str(len(str(keys)))))  # a provider that is asked anew
        assert why(await entrance.enter()) == "unproven"
    issuer.keys = [published(weak, "k1")]
    issuer.signed = lambda told: weakly(weak, told)
    entrance.set(scopes=("openid",))
    assert why(await entrance.enter()) == "unproven", "1024 bits"


async def test_a_token_without_a_keys_name_is_of_the_only_key_that_fits(
    entrance: Entrance,
) -> None:
    issuer = entrance.issuer
    issuer.signed = lambda told: jwt.encode(told, issuer.key, "RS256")
    issuer.keys = [published(private("P-256"), "e", "ES256"), published(issuer.key, None)]
    assert (await entrance.enter()).status == 200
    issuer.keys.append(published(private(), "another"))
    entrance.views.clock.move(KEPT + timedelta(seconds=1))
    entrance.client.session.cookie_jar.clear()
    assert why(await entrance.enter()) == "unproven", "no telling which"


async def test_a_key_that_is_new_is_fetched_but_not_all_the_time(entrance: Entrance) -> None:
    issuer, clock = entrance.issuer, entrance.views.clock
    await entrance.enter()
    issuer.key, issuer.kid = private(), "k2"
    issuer.keys.append(published(issuer.key, "k2"))
    entrance.client.session.cookie_jar.clear()
    assert why(await entrance.enter()) == "unproven", "they were looked at a moment ago"
    assert issuer.asked.count("/keys") == 1
    clock.move(PAUSE)
    assert (await entrance.enter()).status == 200
    assert issuer.asked.count("/keys") == 2
    entrance.client.session.cookie_jar.clear()
    issuer.kid = "k3"
    for _ in range(3):
        assert why(await entrance.enter()) == "unproven"
    assert issuer.asked.count("/keys") == 2
    clock.move(PAUSE)
    assert why(await entrance.enter()) == "unproven"
    assert issuer.asked.count("/keys") == 3


async def test_keys_that_cannot_be_had_are_not_looked_for_by_everybody_who_comes(
    entrance: Entrance,
) -> None:
    issuer, clock = entrance.issuer, entrance.views.clock
    issuer.answers["/keys"] = lambda: web.Response(status=503)
    for _ in range(3):
        assert why(await entrance.enter()) == "unavailable"
    assert issuer.asked.count("/keys") == 1
    clock.move(QUIET)
    good = issuer.answers.pop("/keys")
    assert (await entrance.enter()).status == 200
    issuer.kid, issuer.answers["/keys"] = "k2", good
    for looks in (3, 4):
        clock.move(PAUSE - QUIET)
        entrance.client.session.cookie_jar.clear()
        for _ in range(2):
            clock.move(QUIET)
            assert why(await entrance.enter()) == "unavailable"
        assert issuer.asked.count("/keys") == looks


async def test_who_waits_for_the_same_hears_of_its_failure_at_once() -> None:
    asked: list[None] = []
    over = asyncio.Event()

    async def hang() -> None:
        asked.append(None)
        await over.wait()
        raise SignOnFailed("unavailable")

    remembered = Remembered(FixedClock(), hang)
    waiting = [asyncio.create_task(remembered.get()) for _ in range(20)]
    await asyncio.sleep(0)
    over.set()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(one) for one in told] == ["unavailable"] * 20
    assert len(asked) == 1


async def test_a_key_that_was_withdrawn_is_good_for_an_hour_at_most(entrance: Entrance) -> None:
    issuer, clock = entrance.issuer, entrance.views.clock
    await entrance.enter()
    issuer.keys = [published(private(), "k2")]
    entrance.client.session.cookie_jar.clear()
    clock.move(KEPT + timedelta(seconds=1))
    assert why(await entrance.enter()) == "unproven"


# --- whatever there is

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
CLAIMS = st.dictionaries(
    st.sampled_from(
        ["iss", "aud", "azp", "sub", "nonce", "exp", "iat", "nbf", "groups", "_claim_names", "name"]
    )
    | st.text(max_size=6),
    JSON,
)
SETTINGS = OidcSettings(issuer="https://id.example.com", client_id=CLIENT, roles=ROLES)
ATTEMPT = Attempt(
    state="s",
    nonce="n" * 43,
    verifier="v",
    issuer=SETTINGS.issuer,
    goes_on="/admin",
    began=NOON,
)


@given(CLAIMS)
def test_no_claims_that_are_made_up_pass(told: dict[str, Any]) -> None:
    with pytest.raises(SignOnFailed) as failed:
        claims.check(told, ATTEMPT, SETTINGS, NOON)
    assert failed.value.why in EVERY


@given(CLAIMS)
def test_groups_that_are_made_up_are_of_no_use(told: dict[str, Any]) -> None:
    told |= {"iss": SETTINGS.issuer, "sub": "1"}
    with pytest.raises(SignOnFailed) as failed:
        claims.provided(told, SETTINGS)
    assert failed.value.why in {"no_group", "overage"}


KEY = private("P-256")
GOOD = jwt.encode({"sub": "ada"}, KEY, "ES256", headers={"kid": "k1"})


@given(st.text(max_size=200) | st.binary(max_size=200).map(encoded))
@example(GOOD)
@example(f"{encoded({'alg': 7})}.e30.e30")
@example(f"{encoded({'alg': ['RS256']})}.e30.e30")
@example(f"{encoded(b'[' * 100_000)}.e30.e30")
def test_whatever_comes_for_a_token_is_read_or_refused(token: str) -> None:
    assert refusal(lambda: head(token)) in {"", "unproven"}


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("ABCxyz012_-."))
def test_no_sign_of_a_token_may_be_another(at: int, sign: str) -> None:
    """But for the last of its signature, of which only some bits count."""
    token = GOOD[:at] + sign + GOOD[at + 1 :]
    keys = Keys([published(KEY, "k1", "ES256")])
    try:
        key = keys.of(head(token))
        if key is None:
            return
        told = signed(token, key)
    except SignOnFailed:
        return
    assert told == {"sub": "ada"}
    assert token == GOOD or at == len(GOOD) - 1


@given(
    JSON | st.dictionaries(st.just("keys"), st.lists(st.dictionaries(st.text(max_size=4), JSON)))
)
def test_whatever_comes_for_keys_is_read_or_refused(told: Any) -> None:
    text = json.dumps(told).encode()
    if refusal(lambda: Keys.read(text)) != "unfit":
        assert Keys.read(text).of(head(GOOD)) is None
