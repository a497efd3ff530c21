"""The shape of the code: what each driver offers, and where things stand."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bridge.findings import FINDINGS
from bridge.words import ADVICE
from connector import load
from tests.faults.table import ROWS

ROOT = Path(__file__).parents[1]
SOURCES = [f"connector.sources.{kind}" for kind in load.source_kinds()]
ENDPOINTS = [f"connector.endpoints.{kind}" for kind in load.endpoint_kinds()]
PACKAGES = ("bridge", "connector", "rooms")


@pytest.mark.parametrize("name", [*SOURCES, *ENDPOINTS])
def test_a_driver_offers_documented_options_and_connect(name: str) -> None:
    driver = importlib.import_module(name)
    assert driver.__doc__
    assert issubclass(driver.Options, msgspec.Struct)
    assert driver.Options.__doc__
    assert driver.connect.__doc__
    assert callable(getattr(driver.Options, "problems", None))


@pytest.mark.parametrize("name", [*SOURCES, *ENDPOINTS])
def test_a_driver_has_a_test_file_of_its_own(name: str) -> None:
    assert (ROOT / "tests" / "connector" / f"test_{name.rpartition('.')[2]}.py").exists()


def test_unknown_kinds_are_key_errors_and_never_imported() -> None:
    for find in (load.source, load.endpoint):
        for kind in ("nothing", "", "../errors", "os", "graph.wire"):
            with pytest.raises(KeyError):
                find(kind)


def modules() -> list[Path]:
    return [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def test_only_two_places_read_the_clock() -> None:
    """Time is an argument: `bridge/clock.py`, and the simulators' default where none is given."""
    allowed = {"bridge/clock.py", "bridge/demo", "bridge/cli", "connector/simulators"}
    for path in modules():
        place = path.relative_to(ROOT).as_posix()
        if any(place.startswith(name) for name in allowed):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            call = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            assert call not in {"datetime.now", "datetime.utcnow", "date.today"}, f"{place}: {call}"


def test_no_file_has_grown_unnoticed() -> None:
    longest = max(modules(), key=lambda path: len(path.read_text().splitlines()))
    assert len(longest.read_text().splitlines()) <= 400, longest


def test_no_function_has_grown_unnoticed() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                assert lines <= 60, f"{path}: {node.name} has {lines} lines"


def test_static_files_name_no_other_host() -> None:
    for path in sorted((ROOT / "bridge" / "views" / "static").rglob("*.*")):
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, path
        assert "https://" not in text, path
        assert "innerHTML" not in text, path


def _codes(tree: ast.AST) -> Iterator[str]:
    """Codes that are written where something is found, fails, or is raised."""
    named = {"Remark": "code", "ConnectorError": "reason"} | dict.fromkeys(
        ("Unavailable", "Denied", "NotFound", "Malformed"), "reason"
    )
    placed = {"finding", "bad", "only", "mailbox_finding", "_trouble"}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func).rpartition(".")[2]
        told = [word.value for word in call.keywords if word.arg == named.get(name)]
        if name in placed:
            told += call.args[:2]
        for value in told:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def test_every_code_in_the_program_is_described() -> None:
    described = ADVICE.keys() | FINDINGS.keys()
    of_endpoints = {"unsupported", "not_xml"}  # told as endpoint_unsupported, endpoint_unreachable
    found: set[str] = set()
    for path in modules():
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith("connector/simulators/"):
            found |= set(_codes(ast.parse(path.read_text())))
    assert found - of_endpoints - described == set()
    assert len(found) > 40, "this test looks in the right places"


def test_a_test_of_a_fault_names_a_row_of_the_table() -> None:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        named = set(re.findall(r'mark\.fault\("([^"]*)"', path.read_text()))
        assert named <= ROWS.keys(), path
