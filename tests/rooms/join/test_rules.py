"""The rules of a site."""

import time
from typing import Any

import pytest

from rooms import join
from rooms.join import templates

TEAMS = "https://teams.microsoft.com/meet/312345678901234?p=a"


def rules(*items: dict[str, Any]) -> join.Rules:
    found = join.rules_from(list(items))
    assert isinstance(found, join.Rules), found
    return found


def read(body: str, *items: dict[str, Any], **parts: Any) -> join.Found:
    return join.read(join.Invitation(body=body, **parts), rules(*items))


def sip(found: join.Found) -> str | None:
    return found.details.sip if found.details else None


def test_an_expression_makes_an_address_of_what_it_matched() -> None:
    rule = {
        "name": "halls",
        "kind": "regex",
        "match": r"Hall (?P<n>\d{3})",
        "sip": "{n}@vc.example",
    }
    found = read("We meet in Hall 204", rule)
    assert found.details is not None
    assert (sip(found), found.details.provider, found.rule) == ("204@vc.example", "custom", "halls")
    assert found.reason is None


def test_an_expression_may_look_in_some_places_only() -> None:
    rule = {
        "name": "a",
        "kind": "regex",
        "match": r"(\d{4})",
        "in": ["subject"],
        "sip": "{1}@x.example",
    }
    assert sip(read("1234", rule)) is None
    assert sip(read("", rule, subject="Bridge 1234")) == "1234@x.example"


def test_a_domain_makes_dialled_addresses_of_mail_addresses_and_links() -> None:
    rule = {"name": "own", "kind": "domain", "domain": "vc.example.com"}
    assert sip(read("write to harbour@vc.example.com", rule)) == "harbour@vc.example.com"
    link = read("https://meet.vc.example.com/rooms/harbour?x=1", rule)
    assert sip(link) == "harbour@meet.vc.example.com"


def test_a_teams_meeting_is_mapped_to_the_gateway_of_the_site() -> None:
    rule = {"name": "gw", "kind": "map", "provider": "teams", "sip": "{meeting_id}@gw.example.com"}
    found = read(TEAMS, rule)
    assert found.details is not None
    assert (sip(found), found.details.provider) == ("312345678901234@gw.example.com", "teams")
    assert found.details.join_url == TEAMS
    assert found.reason is None


def test_a_map_that_lacks_a_value_does_not_match_and_says_which() -> None:
    rule = {"name": "gw", "kind": "map", "provider": "teams", "sip": "{meeting_id}@gw.example.com"}
    found = read("https://teams.microsoft.com/l/meetup-join/19%3aabc/0", rule)
    assert found.reason == "no_dial_route"
    assert found.tried[0] == "gw: no match: nothing is known for meeting_id"


def test_a_map_may_take_parts_of_the_link() -> None:
    rule = {
        "name": "gw",
        "kind": "map",
        "provider": "teams",
        "match": r"meet/(\d+)",
        "sip": "t.{1}@gw.example.com",
    }
    assert sip(read(TEAMS, rule)) == "t.312345678901234@gw.example.com"


def test_a_template_writes_an_address() -> None:
    rule = {
        "name": "t",
        "kind": "template",
        "match": r"Raum (?P<name>\w+)",
        "template": "{% if 'video' in subject|lower %}sip: {{ match.name|lower }}@vc.example.com\n"
        "passcode: {{ meeting.passcode|default('1234', true) }}{% endif %}",
    }
    found = read("Raum NORD", rule, subject="Video call")
    assert found.details is not None
    assert (sip(found), found.details.numeric_passcode) == ("nord@vc.example.com", "1234")
    assert sip(read("Raum NORD", rule, subject="Lunch")) is None


def test_an_exclusion_leaves_no_button_and_no_details() -> None:
    rule = {"name": "no", "kind": "exclude", "match": "(?i)training", "in": "subject"}
    found = read(TEAMS, rule, subject="Training")
    assert (found.reason, found.rule, found.details) == ("rule_excluded", "no", None)
    assert read(TEAMS, rule, subject="Other").details is not None


@pytest.mark.parametrize(
    "rule",
    [{"provider": "teams"}, {"organizer": "partner.example"}, {"provider": "teams", "match": "x"}],
)
def test_an_exclusion_may_go_by_platform_and_organizer(rule: dict[str, Any]) -> None:
    item = {"name": "no", "kind": "exclude", **rule}
    found = read(TEAMS + " x", item, organizer_domain="mail.partner.example")
    assert found.reason == "rule_excluded"


def test_the_first_rule_by_priority_wins_and_the_others_are_told() -> None:
    found = read(
        "1234",
        {
            "name": "late",
            "kind": "regex",
            "priority": 150,
            "match": "(1234)",
            "sip": "{1}@late.example",
        },
        {
            "name": "off",
            "kind": "regex",
            "priority": 1,
            "enabled": "no",
            "match": "1",
            "sip": "1@x.example",
        },
        {"name": "miss", "kind": "regex", "priority": "5", "match": "9", "sip": "1@x.example"},
        {"name": "soon", "kind": "regex", "match": "(1234)", "sip": "{1}@soon.example"},
    )
    assert sip(found) == "1234@soon.example"
    assert found.tried == ("off: disabled", "miss: no match", "soon: matched")


def test_without_a_match_the_built_in_recognisers_decide() -> None:
    found = read(
        "https://zoom.us/j/90000000001",
        {"name": "a", "kind": "regex", "match": "x9", "sip": "a@b.example"},
    )
    assert found.tried == ("a: no match", "zoom/join")


def test_what_a_rule_makes_must_be_an_address() -> None:
    found = read(
        "room A B", {"name": "a", "kind": "regex", "match": "room (.*)", "sip": "{1}@x.example"}
    )
    assert found.details is None
    assert "is no SIP address" in found.tried[0]


def test_an_expression_takes_time_in_proportion_to_the_text() -> None:
    rule = {"name": "evil", "kind": "regex", "match": r"(a+)+$", "sip": "{1}@x.example"}
    start = time.perf_counter()
    read("a" * 200_000 + "!", rule)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ subject.upper() }}",
        "{{ 'a' * 999999999 }}",
        "{{ 9 ** 9999999 }}",
        "{{ '%99999999d' % 1 }}",
        "{% for a in links %}{% for b in links %}x{% endfor %}{% endfor %}",
        "{% include 'x' %}",
        "{% macro a() %}{% endmacro %}",
        "{{ range(9) }}",
        "{{ body|center(99999999) }}",
        "{{ unclosed",
    ],
)
def test_a_template_that_could_reach_out_or_run_for_long_is_refused(template: str) -> None:
    assert isinstance(templates.prepared(template), templates.Failed)


def test_a_template_that_fails_is_no_match() -> None:
    found = read(
        "x", {"name": "t", "kind": "template", "template": "{{ match.nothing }}@x.example"}
    )
    assert found.tried[0].startswith("t: no match: the template failed")


def test_all_problems_are_told_at_once_with_place_and_hint() -> None:
    found = join.rules_from(
        {
            "join": {
                "rules": [
                    {"name": "a", "kind": "regx", "mtch": "x"},
                    {"kind": "regex", "match": "(?=x)", "priority": "300", "enabled": "maybe"},
                    {"name": "b", "kind": "domain", "domain": "not a domain", "match": "x"},
                    {"name": "c", "kind": "map", "provider": "temas", "sip": "x@y.example"},
                    {"name": "d", "kind": "exclude"},
                    {
                        "name": "e",
                        "kind": "regex",
                        "match": "x",
                        "in": "head",
                        "sip": "x@y.example",
                    },
                    {"name": "f", "kind": "template", "template": "{{"},
                    {"name": "g", "kind": "regex", "match": "x" * 2000, "sip": "x@y.example"},
                    {"name": "h", "kind": "regex", "match": ["x"], "sip": "x@y.example"},
                    "words",
                ]
            }
        }
    )
    assert not isinstance(found, join.Rules)
    assert {problem.place for problem in found} >= {
        "rules[0].kind",
        "rules[0].mtch",
        "rules[1].name",
        "rules[1].match",
        "rules[1].priority",
        "rules[1].enabled",
        "rules[1]",
        "rules[2].domain",
        "rules[2].match",
        "rules[3].provider",
        "rules[4]",
        "rules[5].in",
        "rules[6].template",
        "rules[7].match",
        "rules[8].match",
        "rules[9]",
    }
    by_place = {problem.place: problem for problem in found}
    assert by_place["rules[0].mtch"].hint == "match?"
    assert "lookaround" in str(by_place["rules[1].match"])


def test_two_rules_of_one_name_are_a_problem() -> None:
    item = {"name": "a", "kind": "domain", "domain": "x.example"}
    found = join.rules_from([item, item])
    assert not isinstance(found, join.Rules)
    assert found[0].place == "rules[1].name"


@pytest.mark.parametrize("nothing", [None, [], {"rules": []}, {"join": {"rules": None}}])
def test_no_rules_are_no_problem(nothing: object) -> None:
    assert join.rules_from(nothing) == join.Rules()


@pytest.mark.parametrize("other", ["rules", 7, {"rules": "x"}])
def test_what_is_no_list_is_a_problem(other: object) -> None:
    found = join.rules_from(other)
    assert not isinstance(found, join.Rules)
    assert found[0].place == "rules"
