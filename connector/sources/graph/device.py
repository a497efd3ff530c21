"""Sign-in with a code on another device (RFC 8628), and who it was.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
"""

import asyncio
import binascii
from base64 import urlsafe_b64decode
from datetime import timedelta

import msgspec

from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.outside import Outside
from connector.sources.graph import delegate, entra
from connector.sources.graph.delegate import Client

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER = 5.0
"""Seconds that are added to the interval when the service asks for it (RFC 8628 §3.5)."""
LONGEST = 3600
"""Seconds; a code that says it lives longer is not believed."""


class _Claims(msgspec.Struct, frozen=True):
    """Who signed in, in the words of an id token."""

    aud: str = ""
    preferred_username: str = ""
    upn: str = ""


class DeviceSignIn:
    """A sign-in that waits for a person."""

    def __init__(self, outside: Outside, client: Client, begun: entra.DeviceCode) -> None:
        self._outside = outside
        self._client = client
        self._begun = begun
        self.where = begun.verification_uri
        self.code = begun.user_code
        self._seconds = min(max(begun.expires_in, 1), LONGEST)
        self.until = outside.clock.now() + timedelta(seconds=self._seconds)
        self._end = outside.clock.monotonic() + self._seconds
        self._interval = float(min(max(begun.interval, 1), 60))

    async def finished(self) -> str:
        """The account that signed in; its refresh token is in the keep then.

        Raises:
            Denied: nobody signed in, somebody said no, or it was another account.
            Unavailable, Malformed: the token service or the vault failed.
        """
        tokens = await self._granted()
        self._check_account(tokens.id_token)
        if not tokens.refresh_token:
            raise Malformed("no refresh token came", reason="not_a_token", everywhere=True)
        try:
            await delegate.keep(self._outside, self._client, tokens.refresh_token)
        except OSError as error:
            raise Unavailable(
                "the authorization could not be kept: the vault cannot be written",
                reason="vault_unwritable",
                everywhere=True,
            ) from error
        return self._client.account

    async def _granted(self) -> entra.Tokens:
        """What is granted once the person has signed in; until then ask now and then."""
        form = {
            "grant_type": GRANT,
            "client_id": self._client.client_id,
            "device_code": self._begun.device_code,
        }
        while self._outside.clock.monotonic() + self._interval <= self._end:
            await asyncio.sleep(self._interval)
            try:
                url = self._client.url("token")
                return await entra.posted(self._outside, url, form, entra.Tokens)
            except entra.Refused as refused:
                self._go_on(refused)
            except Unavailable:
                self._interval += SLOWER  # the person may well have signed in meanwhile
        raise _over()

    def _go_on(self, refused: entra.Refused) -> None:
        """Wait on where the service says so; all else ends it."""
        match refused.refusal.error:
            case "authorization_pending":
                pass
            case "slow_down":
                self._interval += SLOWER
            case "expired_token" | "bad_verification_code":
                raise _over("the code is not good any more") from refused
            case "authorization_declined" | "access_denied":
                raise Denied(
                    "whoever signed in said no", reason="sign_in_declined", everywhere=True
                ) from refused
            case _:
                raise _meaning(refused) from refused

    def _check_account(self, id_token: str) -> None:
        """Only the account that is configured: another one's calendars are not for the rooms.

        The token came from the token service itself, so that its signature need not be checked
        (OpenID Connect Core §3.1.3.7).
        """
        claims = _claims(id_token)
        who = (claims.preferred_username or claims.upn).lower()
        if claims.aud.lower() != self._client.client_id.lower():
            raise Malformed("the id token is for somebody else", reason="not_a_token")
        if who != self._client.account.lower():
            raise Denied(
                "another account signed in than delegate.account names; nothing was kept",
                reason="wrong_account",
                fix=f"sign in as the account of the configuration: {delegate.AUTHORIZE}",
                everywhere=True,
            )


async def begin(outside: Outside, client: Client) -> DeviceSignIn:
    """Ask for a code.

    Raises:
        Unavailable, Denied, Malformed: there is none, or no vault to keep what would be granted.
    """
    delegate.keep_of(outside)
    form = {"client_id": client.client_id, "scope": f"{client.scope} openid profile"}
    try:
        begun = await entra.posted(outside, client.url("devicecode"), form, entra.DeviceCode)
    except entra.Refused as refused:
        raise _meaning(refused) from refused
    if not (begun.verification_uri + begun.user_code).isprintable():  # it is shown in a terminal
        raise entra.not_a_token()
    return DeviceSignIn(outside, client, begun)


def _claims(token: str) -> _Claims:
    try:
        body = token.split(".")[1]
        return msgspec.json.decode(urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=_Claims)
    except (IndexError, binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise entra.not_a_token() from error


def _over(words: str = "nobody signed in in time") -> Denied:
    return Denied(words, reason="sign_in_expired", everywhere=True)


def _meaning(refused: entra.Refused) -> ConnectorError:
    return entra.meaning(refused.status, refused.refusal.code)
