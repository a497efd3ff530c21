"""The vault of a configuration: where it is, what opens it, and its secrets by name."""

import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from bridge.settings.addresses import address, fit
from bridge.settings.model import KeyService, Site, VaultSettings
from bridge.settings.problem import Place, Problem
from bridge.settings.secrets import Secrets
from bridge.settings.typed import BAD, Reader
from bridge.vault.trouble import VaultUnusable
from connector.secret import Secret

if TYPE_CHECKING:  # cryptography is imported only where there is a vault
    from bridge.vault.keys import Key
    from bridge.vault.vault import Vault

NAME = "vault"
"""The vault's file below data_dir."""


def vault_of(data_dir: Path, settings: VaultSettings) -> "Vault":
    """The vault as these settings describe it; nothing is opened yet."""
    from bridge.vault.vault import Vault  # noqa: PLC0415 - see above

    return Vault(data_dir / NAME, lambda: keys_of(settings))


def keys_of(settings: VaultSettings) -> "Sequence[Key]":
    """Every key that is configured, as it is now.

    Raises:
        NoKey: a key's file cannot be read.
    """
    from bridge.vault.keys import credential_file, key_from  # noqa: PLC0415 - see above

    file = settings.key_file
    if settings.key_service is None and file is None:
        file = credential_file()
    keys: list[Key] = [] if file is None else [key_from(file)]
    if settings.key_service is not None:
        keys.append(_service(settings.key_service))
    return keys


def _service(settings: KeyService) -> "Key":
    from bridge.vault.transit import TransitKey  # noqa: PLC0415 - see above

    return TransitKey(
        url=settings.url,
        mount=settings.mount,
        key=settings.key,
        token_file=settings.token_file,
        ca_file=settings.ca_file,
    )


class Known(NamedTuple):
    """A vault that is open already, and by which settings."""

    settings: VaultSettings
    vault: "Vault"

    def serves(self, file: Path, settings: VaultSettings) -> bool:
        """Whether the key service need not be asked again.

        A driver's new token is a change of the vault too: while the service is away that must not
        become a rejected configuration. Keys on this machine are tried each time all the same.
        """
        same = self.settings == settings and self.vault.file == file
        return same and settings.key_service is not None and bool(self.vault.id)


class Shelf:
    """The vault as one reading of the configuration finds it.

    It is opened when the first name is asked for. What keeps it closed is told once, and not again
    for each of a thousand room systems.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: VaultSettings,
        place: Place,
        *,
        wrong: bool = False,
        known: Known | None = None,
    ) -> None:
        self._known = known
        self.files = {data_dir / NAME} | ({settings.key_file} if settings.key_file else set())
        """What tells by its change that secrets may be others."""
        self._vault: Vault | None = None
        self._data_dir = data_dir
        self._settings = settings
        self._place = place
        self._closed = VaultUnusable("its settings are wrong") if wrong else None

    def secret(self, name: str, place: Place) -> Secret | None:
        """A secret for one place of the configuration, or None after saying why not."""
        try:
            vault = self._opened()
            taken = place.path.startswith("sources.") and vault.forgot(name)
            if taken and vault.get(name) is None:
                # Whoever revokes a source must not keep the appliance from its next start.
                place.warn(
                    f"the secret {name} was deleted from the vault",
                    f"roombridge secrets set {name}",
                )
                return Secret("", vault=name)
            return vault.require(name)
        except VaultUnusable as error:
            if self._closed is None:
                place.error(str(error), error.fix, passes=error.passes)
        return None

    def silently(self, name: str) -> Secret | None:
        """The same, for who has another way to say why not."""
        try:
            return self._opened().get(name)
        except VaultUnusable:
            return None

    def _opened(self) -> "Vault":
        if self._vault is not None:
            return self._vault
        if self._closed is not None:
            raise self._closed
        known = self._known
        if known is not None and known.serves(self._data_dir / NAME, self._settings):
            vault = known.vault
        else:
            vault = vault_of(self._data_dir, self._settings)
        try:
            vault.reopen()
        except VaultUnusable as error:
            self._closed = error
            self._place.error(str(error), error.fix, passes=error.passes)
            raise
        self._vault = vault
        return vault


def shelf_of(
    base: Path, nodes: Mapping[str, yaml.Node], place: Place, known: Known | None = None
) -> Shelf:
    """The vault of a `bridge.yaml`. What is wrong with these settings is told with the others'.

    It stays closed then: a token must not be sent where it should not.
    """
    told: list[Problem] = []
    data_dir, settings = basics(base, nodes, Place(told, place.file))
    line = nodes["vault"].start_mark.line + 1 if "vault" in nodes else None
    return Shelf(data_dir, settings, place.at("vault", line), wrong=bool(told), known=known)


def basics(base: Path, nodes: Mapping[str, yaml.Node], place: Place) -> tuple[Path, VaultSettings]:
    """`data_dir` and `vault`, whatever the rest says."""
    reader = Reader(base, Secrets(set()))
    data_dir: Any = Site().data_dir
    if "data_dir" in nodes:
        data_dir = reader.value(Path, nodes["data_dir"], place.at("data_dir"))
    settings: Any = VaultSettings()
    if "vault" in nodes:
        settings = reader.struct(VaultSettings, nodes["vault"], place.at("vault"))
    if settings is not BAD:
        check_vault(settings, place)
    return (
        Site().data_dir if data_dir is BAD else data_dir,
        VaultSettings() if settings is BAD else settings,
    )


def check_vault(settings: VaultSettings, place: Place) -> None:
    """What types cannot tell of `vault`."""
    service = settings.key_service
    if service is None:
        return
    here = place.at("vault.key_service")
    url = address(service.url)
    if url.host and not fit(service.url):
        here.at("url").error("must be https: a token is sent there", "http is for loopback only")
    elif not (url.host and url.port) or url.user or url.query or url.fragment:
        here.at("url").error("must be an address such as https://bao.example.com:8200")
    for key in ("key", "mount"):
        text = getattr(service, key)
        if not text.strip("/") or text != text.strip("/") or not text.isprintable():
            here.at(key).error("must be a name in the service, without / around it")
    if service.ca_file is not None and not service.ca_file.is_file():
        here.at("ca_file").error(f"there is no file {service.ca_file}")


def warn_of_keys(site: Site, place: Place) -> None:
    """What makes the vault's key less of a secret than it should be."""
    file, service = site.vault.key_file, site.vault.key_service
    if file is not None and file.resolve().is_relative_to(site.data_dir.resolve()):
        place.at("vault.key_file").warn(
            "the key lies beside what it protects: a backup of data_dir holds both",
            "move it out of data_dir",
        )
    named = {"vault.key_file": file}
    if service is not None:
        named["vault.key_service.token_file"] = service.token_file
    for key, secret in named.items():
        with suppress(OSError):
            if secret is not None and secret.stat().st_mode & stat.S_IROTH:
                place.at(key).warn(f"{secret} can be read by everybody", f"chmod o= {secret}")
