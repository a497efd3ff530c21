"""A managed identity: the machine proves who it is, and no secret lies anywhere.

https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from connector.errors import Denied, Unavailable
from connector.identity import Granted
from connector.outside import CONNECT_LIMIT
from connector.source import Credential
from connector.sources.graph.entra import TOKEN_LIMIT

if TYPE_CHECKING:  # a quarter of a second to import: done on first use, on a thread
    from azure.core.credentials import AccessTokenInfo

_GROUP = (
    "let the appliance read the agent's key files: SupplementaryGroups=himds in a drop-in of the"
    " unit, then restart"
)
_CONNECT = (
    "connect the machine to Azure Arc (`azcmagent show`), and let IDENTITY_ENDPOINT and"
    " IMDS_ENDPOINT reach the unit"
)


class ManagedIdentity:
    """Tokens of the machine's own identity, or of one that is assigned to it.

    azure-identity asks the agent on this machine, which has a file read that only its own group
    may read. It does so on a thread, because reading files blocks.
    """

    def __init__(self, *, client_id: str, scope: str) -> None:
        self._client_id = client_id
        self._scope = scope
        self._told = Credential(name="managed_identity", kind="managed_identity")

    def credentials(self) -> Sequence[Credential]:
        """The identity itself; Azure renews what is behind it."""
        return (self._told,)

    async def obtain(self) -> Granted:
        """A token from the agent.

        Raises:
            Denied: this machine has no such identity, or the agent's key is not for us.
            Unavailable: the agent does not answer.
        """
        try:
            async with asyncio.timeout(TOKEN_LIMIT):
                info = await asyncio.to_thread(self._asked)
        except TimeoutError as error:
            raise Unavailable(
                "the Azure Arc agent did not answer", reason="timeout", everywhere=True
            ) from error
        except Denied:
            self._told = replace(self._told, state="refused")
            raise
        self._told = replace(self._told, state="works")
        return Granted(info.token, info.expires_on - time.time())

    def _asked(self) -> "AccessTokenInfo":
        from azure.core.exceptions import AzureError, ServiceRequestError  # noqa: PLC0415 - see above
        from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415
        from azure.identity import ManagedIdentityCredential  # noqa: PLC0415
        from msal import ManagedIdentityError  # noqa: PLC0415

        # No proxy from the environment: the agent is on this machine.
        transport = RequestsTransport(
            connection_timeout=CONNECT_LIMIT, read_timeout=TOKEN_LIMIT, use_env_settings=False
        )
        chosen = self._client_id or None
        try:
            with ManagedIdentityCredential(
                client_id=chosen, transport=transport, retry_total=0
            ) as credential:
                info: AccessTokenInfo = credential.get_token_info(self._scope)
                return info
        except ServiceRequestError as error:
            raise Unavailable(
                "the Azure Arc agent cannot be reached",
                reason="unreachable",
                fix="look at it with `azcmagent show` and `systemctl status himdsd`",
                everywhere=True,
            ) from error
        except OSError as error:
            raise _denied("the agent's key file cannot be read", _GROUP) from error
        except (AzureError, ManagedIdentityError) as error:
            raise _denied("the machine gives out no such identity", _CONNECT) from error


def _denied(words: str, fix: str) -> Denied:
    return Denied(words, reason="managed_identity_refused", fix=fix, everywhere=True)
