"""What is said of credentials: their ends, refusals, and what could not be kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.expiry import CODES, findings
from bridge.words import ADVICE
from connector.source import Credential
from tests.fakes.virtual import NOON

DAY = timedelta(days=1)


def certificate(end: datetime | None, **more: Any) -> Credential:
    return Credential(**{"name": "certificate", "kind": "certificate", "expires": end, **more})


def refresh(end: datetime) -> Credential:
    return Credential(name="refresh_token", kind="refresh_token", expires=end)


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (60.1, None),
        (60, "credential_expiring_60"),
        (30.1, "credential_expiring_60"),
        (30, "credential_expiring_30"),
        (7, "credential_expiring_7"),
        (0.1, "credential_expiring_7"),
        (0, "credential_expired"),
        (-400, "credential_expired"),
    ],
)
def test_an_end_is_told_sixty_thirty_and_seven_days_before(days: float, code: str | None) -> None:
    assert list(findings([certificate(NOON + days * DAY)], NOON)) == ([code] if code else [])


@pytest.mark.parametrize(("days", "code"), [(89, None), (31, None), (30, "credential_expiring_30")])
def test_a_refresh_token_is_told_from_thirty_days_before(days: float, code: str | None) -> None:
    assert list(findings([refresh(NOON + days * DAY)], NOON)) == ([code] if code else [])


def test_the_words_name_the_credential_and_the_day_and_stay_the_same_all_day() -> None:
    both = [certificate(NOON + 20 * DAY), refresh(NOON + 25 * DAY)]
    words = findings(both, NOON)
    assert words == {
        "credential_expiring_30": "certificate ends on 2026-12-13; refresh_token ends on 2026-12-18"
    }
    assert findings(both, NOON + timedelta(hours=9)) == words


def test_of_two_credentials_it_is_told_which_one_works() -> None:
    told = findings(
        [
            Credential(name="client_secret", kind="client_secret", state="refused"),
            certificate(None, name="next_certificate", state="works"),
        ],
        NOON,
    )
    assert told == {"credential_refused": "client_secret is refused, next_certificate works"}


def test_where_none_works_reading_tells_it() -> None:
    assert not findings([certificate(None, state="refused")], NOON)


def test_what_could_not_be_kept_is_told() -> None:
    assert findings([certificate(None, state="unsaved")], NOON) == {
        "credential_unsaved": "certificate could not be kept"
    }


@given(
    st.lists(
        st.builds(
            Credential,
            name=st.sampled_from(["one", "two"]),
            kind=st.sampled_from(["client_secret", "certificate", "refresh_token"]),
            expires=st.none() | st.integers(-1000, 1000).map(lambda days: NOON + days * DAY),
            state=st.sampled_from(["untried", "works", "refused", "missing", "unsaved"]),
        ),
        max_size=3,
    )
)
def test_whatever_there_is_only_known_codes_are_told(credentials: Sequence[Credential]) -> None:
    told = findings(credentials, NOON)
    assert told.keys() <= set(CODES)
    assert all(told.values())


def test_every_code_has_its_advice() -> None:
    assert set(CODES) <= ADVICE.keys()
