"""What docs/join.md says is so."""

import re
from pathlib import Path

import pytest
import yaml

from rooms import join
from rooms.join import meeting
from rooms.join.provider import Provider
from rooms.join.recognise import PROVIDERS
from rooms.join.templates import Failed, prepared

TEXT = (Path(__file__).parents[3] / "docs" / "join.md").read_text(encoding="utf-8")
WAYS = {"compose": "composed", "printed": "only if printed", "none": "none", "closed": "closed"}


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_the_table_has_every_platform(provider: Provider) -> None:
    way = WAYS[provider.route]
    assert f"| `{provider.name}` | {provider.title} | {way} | {provider.needs} |\n" in TEXT


def test_the_examples_of_rules_are_rules() -> None:
    example = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert example is not None
    rules = join.rules_from(yaml.safe_load(example[1]))
    assert isinstance(rules, join.Rules)
    assert {rule.kind for rule in rules} == {"regex", "domain", "template", "exclude", "map"}


def test_the_filters_of_templates_are_told() -> None:
    for name in re.findall(r"Filters: `([a-z\s]+)`", TEXT)[0].split():
        argument = "('a')" if name in {"before", "after", "default"} else ""
        assert not isinstance(prepared(f"{{{{ body|{name}{argument} }}}}"), Failed), name


def test_the_scores_of_places_are_told() -> None:
    for place, score in meeting.TRUST.items():
        assert f"{place} {score}" in TEXT
