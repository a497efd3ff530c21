"""Our own samples, one file a platform."""

import pytest

from rooms import join
from rooms.join.recognise import PROVIDERS
from tests.rooms.join.samples import FOLDER, Sample, samples

NAMES_OF_THE_DESIGN = (
    "zoom zoomgov teams webex meet gotomeeting bluejeans ringcentral lifesize starleaf pexip skype"
    " jitsi whereby chime 8x8 dialpad zoho voov lark sip"
)


@pytest.mark.parametrize("sample", list(samples()), ids=str)
def test_a_sample_is_read_as_a_person_would(sample: Sample) -> None:
    found = join.as_json(join.read(sample.invitation))
    assert {key: found[key] for key in sample.expect} == sample.expect


@pytest.mark.parametrize("name", NAMES_OF_THE_DESIGN.split())
def test_every_platform_of_the_design_is_known_and_has_samples(name: str) -> None:
    assert name == "sip" or name in PROVIDERS
    assert (FOLDER / f"{name}.yaml").exists()
