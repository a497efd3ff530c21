"""One name for a meeting."""

import pytest

from rooms.identity import clean_uid

CLASS = "040000008200E00074C5B7101A82E008"
REST = "0000000010E3" * 6


def test_the_date_of_an_occurrence_is_no_part_of_its_meeting() -> None:
    assert clean_uid(f"{CLASS}07EA0B16{REST}") == f"{CLASS}00000000{REST}"
    assert clean_uid(f"{CLASS}07ea0b16{REST}".lower()) == f"{CLASS}00000000{REST}"


@pytest.mark.parametrize(
    "tail", ["", "07EA0B16", "07EA0B16Ä0", "07EA0B16 0", "07EA0B16zz", "\0" * 9]
)
def test_a_uid_that_only_begins_like_one_of_exchange_stays_as_it_is(tail: str) -> None:
    assert clean_uid(CLASS + tail) == CLASS + tail
