"""What the documents say is so, and nothing is left out."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge import words
from bridge.cli import _parser
from bridge.findings import FINDINGS
from bridge.measures import measures
from bridge.settings import schema
from bridge.settings.load import read
from bridge.settings.problem import Problem
from bridge.views.titles import TITLES
from rooms.model import NoJoinReason
from tests.bridge.conftest import Views, clock, made, views

__all__ = ["clock", "made", "views"]  # fixtures

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(name: str) -> dict[str, list[str]]:
    """The cells of each table's row behind its first one, by each `code` in the first one."""
    found: dict[str, list[str]] = {}
    for line in text(name).splitlines():
        if line.startswith("| `"):
            first, *rest = (cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", first), rest)
    return found


# --- commands


def commands(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Each command and its own options."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from commands(below, f"{path} {name}".strip())
            return
    common = {"--help", "--config", "--json"}
    options = [action.option_strings[-1] for action in parser._actions if action.option_strings]
    yield path, [option for option in options if option not in common]


@pytest.mark.parametrize(("command", "options"), list(commands(_parser())))
def test_every_command_is_described_with_its_options(command: str, options: list[str]) -> None:
    described = [
        line
        for line in text("docs/cli.md").splitlines()
        if re.match(rf"\| `[^|]*\b{command}\b", line)
    ]
    assert described, command
    assert [option for option in options if option not in described[0]] == []


# --- settings


def settings(part: dict[str, Any], path: str = "") -> Iterator[str]:
    """The paths of settings without settings below them; a secret's two names count as one."""
    found = part.get("properties", {})
    for name, below in found.items():
        if name.removesuffix("_file") in found and name.endswith("_file"):
            continue
        deeper = list(settings(below, f"{path}{name}."))
        yield from deeper or [f"{path}{name}"]


def kinds(part: dict[str, Any]) -> Iterator[str]:
    for case in part["allOf"]:
        yield from settings(case["then"])


BRIDGE = schema.bridge_schema()
ROOMS = schema.rooms_schema()["properties"]
SETTINGS = {
    *settings(BRIDGE),
    *kinds(BRIDGE["properties"]["sources"]["additionalProperties"]),
    *(name.partition(".")[0] for name in settings(ROOMS["rooms"]["items"])),
    *kinds(ROOMS["rooms"]["items"]["properties"]["endpoints"]["items"]),
    "room_lists",
}


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_every_setting_is_described(setting: str) -> None:
    described = text("docs/configuration.md")
    group, _, name = setting.rpartition(".")
    assert f"`{setting}`" in described or (f"`{group}`" in described and f"`{name}`" in described)


# --- HTTP


API = text("docs/api.md")


async def test_every_url_is_described(views: Views) -> None:
    for route in views.routes():
        assert re.search(rf"`{route.method} {re.escape(route.path)}[^`]*`", API), route.path


@pytest.mark.parametrize("code", TITLES)
def test_every_error_is_described(code: str) -> None:
    assert code in rows("docs/api.md")


# --- codes and metrics


@pytest.mark.parametrize("code", words.ADVICE)
def test_every_health_code_is_described_with_its_fix(code: str) -> None:
    assert rows("docs/operation.md")[code] == list(words.ADVICE[code])


@pytest.mark.parametrize("code", FINDINGS)
def test_every_finding_is_described_with_its_severity_and_fix(code: str) -> None:
    severity, advice = FINDINGS[code]
    described = [cell.replace("\\|", "|") for cell in rows("docs/operation.md")[code]]
    assert described == list(advice)
    assert f"| `{code}` {severity} |" in text("docs/operation.md")


@pytest.mark.parametrize("reason", NoJoinReason)
def test_every_no_join_reason_is_described_with_its_fix(reason: NoJoinReason) -> None:
    assert rows("docs/operation.md")[reason.value][1]


def test_every_metric_is_described_and_no_other() -> None:
    source = Path(measures.__code__.co_filename).read_text(encoding="utf-8")
    counters = set(re.findall(r'"(roombridge_\w+)",\s+"counter"', source))
    names = set(re.findall(r'"(roombridge_\w+)"', source))
    told = {name for name in rows("docs/operation.md") if name.startswith("roombridge_")}
    assert told == {f"{name}_total" if name in counters else name for name in names}


# --- the documents themselves


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith(("http://", "https://"))]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize(
    "decision", sorted(ROOT.glob("docs/adr/0*.md")), ids=lambda path: path.stem
)
def test_every_decision_is_listed(decision: Path) -> None:
    assert f"]({decision.name})" in text("docs/adr/README.md")


@pytest.mark.parametrize("target", re.findall(r"^## make (\w+)", text("Makefile"), re.MULTILINE))
def test_every_target_of_make_is_described(target: str) -> None:
    assert target in {"setup", "lint", "clean"} or f"`make {target}" in text("docs/development.md")


def test_every_dependency_has_its_line() -> None:
    declared = re.findall(r'^    "([a-z0-9-]+)[<>=]', text("pyproject.toml"), re.MULTILINE)
    reasons = text("docs/adr/0003-dependencies.md")
    plugins = {"setuptools", "lxml-stubs", "types-jsonschema", "types-pyyaml"}
    missing = {one for one in declared if one not in reasons and not one.startswith("pytest-")}
    assert missing <= plugins


def test_the_configuration_of_the_readme_is_one(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n# (\w+\.yaml)\n(.*?)```", text("README.md"), re.DOTALL)
    assert [name for name, _ in examples] == ["bridge.yaml", "rooms.yaml"]
    for name, example in examples:
        assert yaml.safe_load(example)
        (tmp_path / name).write_text(example)
    (tmp_path / "secrets").mkdir()
    problems: list[Problem] = []
    assert read(tmp_path / "bridge.yaml", problems)
    assert [one.path for one in problems] == ["sources.m365.certificate_file"]


# --- the threat model


def threats() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each threat, with the files and names of the tests that prove its mitigation."""
    for line in text("docs/threat-model.md").split("## Threats", 1)[1].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0] not in {"threat", "---"}:
            yield cells[0], [(file, name) for name, file in LINKED.findall(cells[2])]


LINKED = re.compile(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")
THREATS = dict(threats())


@pytest.mark.parametrize("threat", THREATS)
def test_every_threat_names_tests_that_exist(threat: str) -> None:
    assert THREATS[threat], "no test proves this mitigation"
    for file, name in THREATS[threat]:
        assert re.search(rf"^ *(async )?def {name}\(", text(file), re.MULTILINE), f"{file} {name}"


def test_the_threat_model_has_threats() -> None:
    assert len(THREATS) > 40
