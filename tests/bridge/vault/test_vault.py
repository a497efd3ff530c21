"""The vault: what it keeps, what it refuses, what it gives away."""

import hashlib
import os
import re
import stat
from pathlib import Path

import pytest

from bridge.vault import disk
from bridge.vault.keys import LocalKey, key_from, new_key
from bridge.vault.trouble import (
    BadName,
    Damaged,
    NoKey,
    NoSuchSecret,
    NoVault,
    VaultUnusable,
    WrongKey,
)
from bridge.vault.vault import Vault
from connector.secret import Secret
from tests.bridge.vault.conftest import AT, BY, key, opened, put, values, vault_at


def test_what_is_put_is_there_for_every_later_process(vault: Vault, tmp_path: Path) -> None:
    put(vault, "m365", "first")
    put(vault, "m365", "pä55 wörd\nwith lines")
    put(vault, "endpoint/kestrel-codec", "x" * 65536)
    assert values(tmp_path) == {
        "m365": "pä55 wörd\nwith lines",
        "endpoint/kestrel-codec": "x" * 65536,
    }
    assert [(one.name, one.at, one.by) for one in vault.listed()] == [
        ("endpoint/kestrel-codec", AT, BY),
        ("m365", AT, BY),
    ]


def test_what_is_dropped_is_gone(vault: Vault, tmp_path: Path) -> None:
    put(vault, "m365", "one")
    put(vault, "source/m365/refresh_token", "two")
    put(vault, "source/m365/account", "three")
    put(vault, "source/m365-two/account", "four")
    assert vault.drop("m365", at=AT, by=BY)
    assert not vault.drop("m365", at=AT, by=BY)
    assert vault.drop_all("source/m365/", at=AT, by=BY) == [
        "source/m365/account",
        "source/m365/refresh_token",
    ]
    assert values(tmp_path) == {"source/m365-two/account": "four"}


def test_no_secret_stands_in_the_file_and_nobody_else_may_read_it(
    vault: Vault, tmp_path: Path
) -> None:
    put(vault, "m365", "sÜpersecret")
    content = vault.file.read_bytes()
    assert "sÜpersecret".encode() not in content
    assert b"ecret" not in content.replace(b"super", b"")
    assert stat.S_IMODE(vault.file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["vault"]
    assert repr(vault.require("m365")) == "<secret>"


def test_the_same_secret_never_looks_the_same_twice(vault: Vault) -> None:
    texts = set()
    for name in ("one", "two", "one", "one"):
        put(vault, name, "same")
        assert vault._open
        texts.add(vault._open.document.entries[name].text)
    assert len(texts) == 4


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_every_byte_of_the_file_that_is_changed_is_noticed(vault: Vault, flip: int) -> None:
    put(vault, "m365", "right")
    put(vault, "endpoint/codec", "also")
    good = vault.file.read_bytes()
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= flip
        vault.file.write_bytes(bad)
        for process in (vault, vault_at(vault.file.parent)):
            with pytest.raises(Damaged):
                process.reopen()
        assert vault.require("m365").reveal() == "right"
    vault.file.write_bytes(good)
    vault.reopen()


def with_checksum(content: bytes) -> bytes:
    """What somebody without the key can still make right."""
    content = content[: content.rindex(b"sha256 ")]
    return content + f"sha256 {hashlib.sha256(content).hexdigest()}\n".encode()


def test_every_byte_changed_on_purpose_is_noticed_too(vault: Vault, tmp_path: Path) -> None:
    put(vault, "m365", "right")
    put(vault, "endpoint/codec", "also")
    good = vault.file.read_bytes()
    for place in range(good.rindex(b"sha256 ")):
        bad = bytearray(good)
        bad[place] ^= 0x01
        vault.file.write_bytes(with_checksum(bytes(bad)))
        for process in (vault, vault_at(tmp_path)):
            with pytest.raises(VaultUnusable):
                process.reopen()


def test_entries_cannot_be_swapped_dropped_or_taken_from_an_older_file(vault: Vault) -> None:
    put(vault, "one", "first")
    put(vault, "two", "second")
    older = vault.file.read_bytes()
    put(vault, "one", "third")
    newer = vault.file.read_bytes()

    def entries(content: bytes) -> list[bytes]:
        return re.findall(rb'"(?:one|two)":(\{[^}]*\})', content)

    one, two = entries(newer)
    forged = [
        newer.replace(one, b"{0}").replace(two, one).replace(b"{0}", two),
        newer.replace(b'"one":' + one + b",", b""),
        newer.replace(one, entries(older)[0]),
    ]
    for content in forged:
        assert content != newer
        vault.file.write_bytes(with_checksum(content))
        with pytest.raises(Damaged, match="somebody without its key"):
            vault.reopen()


@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_a_file_that_is_cut_is_noticed(vault: Vault, length: int) -> None:
    vault.file.write_bytes(vault.file.read_bytes()[:length])
    with pytest.raises(Damaged):
        vault.reopen()


def test_a_later_form_is_not_taken_for_damage(vault: Vault) -> None:
    later = vault.file.read_bytes().replace(b"vault 1\n", b"vault 2\n", 1)
    vault.file.write_bytes(with_checksum(later))
    with pytest.raises(Damaged, match="later version"):
        vault.reopen()


def test_a_wrong_key_is_told_and_changes_nothing(vault: Vault, tmp_path: Path) -> None:
    put(vault, "m365", "right")
    before = vault.file.read_bytes()
    wrong = vault_at(tmp_path, key(2))
    for act in (
        wrong.reopen,
        lambda: put(wrong, "m365", "other"),
        lambda: wrong.drop("m365", at=AT, by=BY),
        lambda: wrong.rotate(at=AT, by=BY),
        lambda: wrong.init(at=AT, by=BY),
    ):
        with pytest.raises(VaultUnusable) as caught:
            act()
        assert vault.file.read_bytes() == before
    with pytest.raises(WrongKey) as caught:
        wrong.reopen()
    assert str(caught.value) == f"the vault opens with {key().id}, not with {key(2).id}"
    assert "bring back the key" in caught.value.fix


def test_without_a_vault_or_a_key_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoVault) as caught:
        vault_at(tmp_path).reopen()
    assert caught.value.fix == "`roombridge secrets init` makes one"
    with pytest.raises(NoVault):
        put(vault_at(tmp_path / "nowhere"), "m365", "x")
    with pytest.raises(NoKey):
        Vault(tmp_path / "vault", list).init(at=AT, by=BY)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_is_told_with_the_nearest(vault: Vault) -> None:
    put(vault, "m365", "x")
    with pytest.raises(NoSuchSecret) as caught:
        vault.require("m356")
    assert (str(caught.value), caught.value.fix) == (
        "there is no secret m356 in the vault",
        "did you mean m365?",
    )
    with pytest.raises(NoSuchSecret) as caught:
        vault.require("zzz")
    assert caught.value.fix == "`roombridge secrets set zzz`"
    assert vault.get("zzz") is None


@pytest.mark.parametrize("name", ["", "/x", "x/", "M365", "a b", "a\0b", "ä", "a" * 201, "a\n"])
def test_names_that_nobody_could_write_are_refused(vault: Vault, name: str) -> None:
    with pytest.raises(BadName) as caught:
        put(vault, name, "x")
    assert not name or name not in str(caught.value), "it may be the secret, in the wrong place"


def test_empty_and_endless_secrets_are_refused(vault: Vault) -> None:
    for value in ("", "x" * 65537):
        with pytest.raises(VaultUnusable):
            put(vault, "m365", value)


def test_a_rotation_keeps_every_secret_and_when_it_was_set(vault: Vault, tmp_path: Path) -> None:
    put(vault, "m365", "right")
    listed, before = vault.listed(), vault.file.read_bytes()
    assert vault.rotate(at=AT, by="cli:bob") == [key().id]
    assert vault.listed() == listed
    assert values(tmp_path) == {"m365": "right"}
    old = re.findall(rb'"(?:nonce|text)":"([^"]+)"', before)
    assert not [text for text in old if text in vault.file.read_bytes()]


def test_a_vault_moves_to_another_key_through_both(vault: Vault, tmp_path: Path) -> None:
    put(vault, "m365", "right")
    vault.rotate(at=AT, by=BY, more=[key(2)])
    assert values(tmp_path, key(1)) == values(tmp_path, key(2)) == {"m365": "right"}
    put(vault_at(tmp_path, key(2)), "m365", "newer")
    vault_at(tmp_path, key(2)).rotate(at=AT, by=BY)
    assert values(tmp_path, key(2)) == {"m365": "newer"}
    with pytest.raises(WrongKey):
        opened(tmp_path, key(1))
    with pytest.raises(WrongKey):
        vault.reopen()
    assert vault.require("m365").reveal() == "right", "what was open before still is"


def test_changes_are_remembered_without_values(vault: Vault) -> None:
    put(vault, "m365", "right")
    vault.drop("m365", at=AT, by="cli:bob")
    vault.rotate(at=AT, by=BY)
    told = [(one.number, one.what, one.name, one.by) for one in vault.changes(0)]
    assert told == [
        (1, "init", "", BY),
        (2, "set", "m365", BY),
        (3, "delete", "m365", "cli:bob"),
        (4, "rotate", "", BY),
    ]
    for number in range(300):
        put(vault, "m365", str(number))
    assert [one.number for one in vault.changes(302)] == [303, 304]
    assert len(vault.changes(0)) == 200


def test_what_root_writes_belongs_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    folder = tmp_path / "data"
    folder.mkdir()
    os.chown(folder, 12345, 12346)
    made = vault_at(folder)
    made.init(at=AT, by=BY)
    put(made, "m365", "x")
    assert (made.file.stat().st_uid, made.file.stat().st_gid) == (12345, 12346)


def test_a_writer_that_never_ends_is_not_waited_for_for_ever(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(vault, "m365", "right")
    monkeypatch.setattr(disk, "_TRIES", 3)
    with disk.alone(vault.file), pytest.raises(VaultUnusable, match="for too long"):
        put(vault, "m365", "other")
    put(vault, "m365", "other")


def test_a_key_file_holds_64_hex_digits(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(new_key() + "\n")
    assert key_from(file).id == key_from(file).id
    file.write_text("a" * 63)
    with pytest.raises(NoKey, match="holds no key"):
        key_from(file)
    with pytest.raises(NoKey, match="there is no key file"):
        key_from(tmp_path / "other")
    with pytest.raises(NoKey, match="cannot be read"):
        key_from(tmp_path)


def test_a_key_tells_nothing_of_itself_and_wraps_for_one_vault_only() -> None:
    raw = bytes(range(32))
    local = LocalKey(raw)
    assert raw.hex()[:8] not in local.id
    wrapped = local.wrap(b"x" * 32, b"one vault")
    assert local.unwrap(wrapped, b"one vault") == b"x" * 32
    with pytest.raises(Damaged):
        local.unwrap(wrapped, b"another")
    assert Secret("x", vault="m365").vault == "m365"
