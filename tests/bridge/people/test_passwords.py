"""Which passwords will do, and how they are kept."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.people import passwords
from bridge.people.passwords import Passwords, check
from bridge.people.refused import Locked, Refused

GOOD = (
    "a heron stands in the reeds",
    "correct horse battery staple",
    "Fünf Kühe fressen Gras",
    "xK9#mQ2$vL7!",
    "839201748392",
    "パスワードを忘れない長い文章です",
    "the room on the hill is blue",
)


@pytest.mark.parametrize("password", GOOD)
def test_long_ones_will_do_whatever_they_are_made_of(password: str) -> None:
    check(password, "ada", "Ada Lovelace", "ada@example.com")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("elevenchars", "password_too_short"),
        ("x" * 257, "password_too_long"),
        ("aaaaaaaaaaaa", "password_too_common"),
        ("abababababab", "password_too_common"),
        ("123456789012", "password_too_common"),
        ("098765432109", "password_too_common"),
        ("qwertyuiopas", "password_too_common"),
        ("lkjhgfdsapoi", "password_too_common"),
        ("1q2w3e4r5t6y", "password_too_common"),
        ("abcdefghijklm", "password_too_common"),
        ("Password1234!", "password_too_common"),
        ("PASSWORDPASSWORD", "password_too_common"),
        ("Welcome-2026!!", "password_too_common"),
        ("roombridge2026", "password_too_common"),
        ("RoomBridgeAdmin1", "password_too_common"),
        ("correcthorsebatterystaple", "password_too_common"),
        ("Passwort12345", "password_too_common"),
        ("Sommer2026!!!", "password_too_common"),
        ("lovelace lovelace", "password_is_name"),
        ("Ada.Lovelace.1815", "password_is_name"),
        ("lovelace-ada-2026", "password_is_name"),
    ],
)
def test_what_is_tried_first_will_not_do(password: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check(password, "ada", "Ada Lovelace", "ada.lovelace@example.com")
    assert refused.value.code == code
    if password:
        assert password not in f"{refused.value} {refused.value.words}"


@given(st.text(max_size=400))
def test_any_text_is_judged(password: str) -> None:
    try:
        check(password, "ada")
    except Refused as refused:
        assert refused.code.startswith("password_")  # noqa: PT017 - one way of two


async def test_only_the_same_password_matches() -> None:
    kept = Passwords(memory=64)
    hashed = await kept.hashed("a heron stands")
    assert hashed.startswith("$argon2id$v=19$m=64,t=2,p=1$")
    assert "heron" not in hashed
    assert hashed != await kept.hashed("a heron stands"), "each has a salt of its own"
    assert await kept.match("a heron stands", hashed)
    assert not await kept.match("a heron Stands", hashed)
    assert not await kept.match("", hashed)
    assert not await kept.match("a heron stands", None)


async def test_it_does_not_count_how_letters_were_composed() -> None:
    kept = Passwords(memory=64)
    hashed = await kept.hashed("Fu\u0308nf Ku\u0308he fressen")
    assert await kept.match("Fünf Kühe fressen", hashed)


def test_the_parameters_are_those_of_owasp() -> None:
    assert (passwords.MEMORY, passwords.PASSES, passwords.LANES) == (19 * 1024, 2, 1)
    assert "m=19456,t=2,p=1" in Passwords()._nobody


async def test_a_few_are_hashed_at_a_time_and_not_many_wait() -> None:
    kept = Passwords(memory=64)
    together = [kept.match("x", None) for _ in range(passwords.WAITING + 5)]
    outcomes = await asyncio.gather(*together, return_exceptions=True)
    assert sum(isinstance(one, Locked) for one in outcomes) == 5
    assert sum(one is False for one in outcomes) == passwords.WAITING
