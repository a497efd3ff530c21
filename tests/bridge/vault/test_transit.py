"""A key that stays in its service, by a fake of one; tests/peers has the real one."""

import dataclasses
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.vault.transit import TransitKey
from bridge.vault.trouble import KeyServiceDown, NoKey, VaultUnusable, WrongKey
from connector.certificates import self_signed
from tests.bridge.vault.conftest import AT, BY, key, opened, put, values, vault_at
from tests.fakes.transit import TOKEN, Transit, served


@pytest.fixture
def transit() -> Iterator[Transit]:
    made = Transit()
    with served(made):
        yield made


def transit_key(
    folder: Path, url: str, *, token: str = TOKEN, ca: Path | None = None
) -> TransitKey:
    file = folder / "token"
    file.write_text(f"{token}\n")
    return TransitKey(url=url, mount="transit", key="bridge", token_file=file, ca_file=ca)


def test_a_vault_opens_by_a_key_that_it_never_sees(tmp_path: Path, transit: Transit) -> None:
    service = transit_key(tmp_path, transit.url)
    vault = vault_at(tmp_path, service)
    vault.init(at=AT, by=BY)
    put(vault, "m365", "right")
    assert vault.keys == ("transit/transit/bridge",)
    assert values(tmp_path, service) == {"m365": "right"}
    with pytest.raises(WrongKey):
        opened(tmp_path, key(1))


def test_writing_asks_the_service_once_and_not_again(tmp_path: Path, transit: Transit) -> None:
    vault = vault_at(tmp_path, transit_key(tmp_path, transit.url))
    vault.init(at=AT, by=BY)
    transit.status = 503
    put(vault, "source/m365/refresh_token", "a token that must not be lost in an outage")
    vault.reopen()
    assert len(transit.calls) == 1


def test_a_vault_moves_from_a_file_to_the_service_and_back(
    tmp_path: Path, transit: Transit
) -> None:
    service = transit_key(tmp_path, transit.url)
    vault_at(tmp_path, key(1)).init(at=AT, by=BY)
    put(vault_at(tmp_path, key(1)), "m365", "right")
    vault_at(tmp_path, key(1), service).rotate(at=AT, by=BY)
    assert values(tmp_path, key(1)) == values(tmp_path, service) == {"m365": "right"}
    vault_at(tmp_path, service).rotate(at=AT, by=BY)
    with pytest.raises(WrongKey):
        opened(tmp_path, key(1))
    vault_at(tmp_path, service, key(2)).rotate(at=AT, by=BY)
    transit.status = 503
    assert values(tmp_path, service, key(2)) == {"m365": "right"}, "the other key is at hand"
    vault_at(tmp_path, key(2)).rotate(at=AT, by=BY)
    assert values(tmp_path, key(2)) == {"m365": "right"}


def test_a_service_that_is_down_passes_and_changes_nothing(
    tmp_path: Path, transit: Transit
) -> None:
    service = transit_key(tmp_path, transit.url)
    vault_at(tmp_path, service).init(at=AT, by=BY)
    before = (tmp_path / "vault").read_bytes()
    for status in (429, 473, 500, 503):
        transit.status = status
        with pytest.raises(KeyServiceDown, match=f"HTTP {status}") as caught:
            vault_at(tmp_path, service).rotate(at=AT, by=BY)
        assert caught.value.passes
    assert (tmp_path / "vault").read_bytes() == before


def test_nobody_at_the_address_passes_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(KeyServiceDown, match="cannot be reached") as caught:
        transit_key(tmp_path, f"http://127.0.0.1:{port}").wrap(b"x" * 32, b"")
    assert caught.value.passes


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in</html>",
        b'{"data": {}}',
        b'{"data": {"ciphertext": "hello", "plaintext": "!"}}',
        b'{"data": {"plaintext": "eA=="}}',
        b"\xff\xfe",
    ],
)
def test_other_answers_are_told_and_change_nothing(
    tmp_path: Path, transit: Transit, body: bytes
) -> None:
    service = transit_key(tmp_path, transit.url)
    vault_at(tmp_path, service).init(at=AT, by=BY)
    before = (tmp_path / "vault").read_bytes()
    transit.body = body
    for act in (service_rotates(tmp_path, service), lambda: service.wrap(b"x" * 32, b"")):
        with pytest.raises(VaultUnusable):
            act()
    assert (tmp_path / "vault").read_bytes() == before


def service_rotates(folder: Path, service: TransitKey) -> Callable[[], object]:
    return lambda: vault_at(folder, service).rotate(at=AT, by=BY)


def test_what_a_person_must_mend_does_not_pass(tmp_path: Path, transit: Transit) -> None:
    vault_at(tmp_path, transit_key(tmp_path, transit.url)).init(at=AT, by=BY)
    denied = transit_key(tmp_path, transit.url, token="s.expired")
    with pytest.raises(VaultUnusable, match="refuses the token") as caught:
        opened(tmp_path, denied)
    assert not caught.value.passes
    assert "s.expired" not in str(caught.value) + caught.value.fix
    for text in ("", "two words\x00", "ä"):
        with pytest.raises(NoKey):
            opened(tmp_path, transit_key(tmp_path, transit.url, token=text))
    (tmp_path / "token").unlink()
    with pytest.raises(NoKey, match="cannot be read"):
        opened(tmp_path, denied)
    other = dataclasses.replace(transit_key(tmp_path, transit.url), mount="elsewhere")
    with pytest.raises(WrongKey, match="HTTP 404"):
        other.wrap(b"", b"")


def test_a_key_wrapped_for_one_vault_does_not_open_another(
    tmp_path: Path, transit: Transit
) -> None:
    service = transit_key(tmp_path, transit.url)
    wrapped = service.wrap(b"x" * 32, b"one")
    assert service.unwrap(wrapped, b"one") == b"x" * 32
    with pytest.raises(WrongKey, match="HTTP 400"):
        service.unwrap(wrapped, b"two")


def test_the_services_certificate_is_verified(tmp_path: Path) -> None:
    made = self_signed(["127.0.0.1"], days=1, now=datetime.now(UTC))
    both, authority = tmp_path / "both.pem", tmp_path / "ca.pem"
    both.write_bytes(made.pem + made.key)
    authority.write_bytes(made.pem)
    with served(Transit(), tls=both) as url:
        assert transit_key(tmp_path, url, ca=authority).wrap(b"x" * 32, b"")
        with pytest.raises(VaultUnusable, match="cannot be trusted") as caught:
            transit_key(tmp_path, url).wrap(b"x" * 32, b"")
    assert not caught.value.passes
