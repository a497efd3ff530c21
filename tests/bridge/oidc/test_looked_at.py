"""What the doctor says of single sign-on, and what a configuration of it must be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from aiohttp import web
from yarl import URL

from bridge.callers import Role
from bridge.doctor.finding import Finding
from bridge.settings import people
from bridge.settings.load import read
from bridge.settings.model import Site
from bridge.settings.people import GroupRole, OidcSettings, PeopleSettings
from bridge.settings.problem import Problem
from tests.bridge.patient import Patient, patient
from tests.fakes.issuer import CLIENT, Issuer, issuing

BACK = "https://rooms.example.com/admin/callback"


def led(issuer: Issuer, *known: str) -> Callable[[web.Request], web.StreamResponse]:
    """A provider that leads back to where it knows, and refuses otherwise."""

    def answer(request: web.Request) -> web.StreamResponse:
        if request.query["redirect_uri"] not in known or request.query["client_id"] != CLIENT:
            return web.Response(status=400, text="unknown")
        back = URL(request.query["redirect_uri"]).with_query(error="login_required")
        return web.Response(status=303, headers={"Location": str(back)})

    return answer


async def found(patient_: Patient, issuer: str, client_id: str = CLIENT) -> list[Finding]:
    settings = OidcSettings(issuer=issuer, client_id=client_id, roles=())
    patient_.site = {"people": PeopleSettings(oidc=settings), "public_url": BACK[:-15]}
    return await patient_.findings()


async def test_the_doctor_sees_whether_people_could_sign_in(tmp_path: Path) -> None:
    async with patient(tmp_path) as site, issuing(site.clock) as issuer:
        issuer.leads = led(issuer, BACK)
        assert await found(site, issuer.url) == []
        (finding,) = await found(site, issuer.url, client_id="another")
        assert (finding.code, finding.severity) == ("sso_redirect", "error")
        issuer.leads = led(issuer, BACK + "/")
        assert [one.code for one in await found(site, issuer.url)] == ["sso_redirect"]
        issuer.leads = lambda _: web.Response(text="sign in here")
        assert await found(site, issuer.url) == [], "no telling"
        (finding,) = await found(site, issuer.url + "/")
        assert finding.code == "sso_unfit"
        assert "(issuer)" in finding.words
        issuer.answers["/keys"] = lambda: web.Response(status=503)
        (finding,) = await found(site, issuer.url)
        assert finding.code == "sso_unreachable"
        assert "HTTP 503" in finding.words
        (finding,) = await found(site, "http://127.0.0.1:9")
        assert finding.code == "sso_unreachable"
        assert "Ada" not in str(finding)


# --- settings

GOOD = {
    "issuer": "https://login.microsoftonline.com/0f0f/v2.0",
    "client_id": "c",
    "roles": [{"group": "g", "role": "owner"}],
}


def told(folder: Path, **more: Any) -> tuple[Site | None, list[Problem]]:
    """What is said of a configuration with this."""
    oidc = {name: one for name, one in {**GOOD, **more}.items() if one is not None}
    sources = {"a": {"kind": "demo"}}
    public_url = oidc.pop("public_url", "https://rooms.example.com")
    text = {"sources": sources, "people": {"oidc": oidc}, "public_url": public_url}
    (folder / "bridge.yaml").write_text(json.dumps(text))
    room = {"id": "k", "name": "K", "mailbox": "k@example.com", "time_zone": "Europe/London"}
    inventory = {"room_lists": [{"id": "north"}], "rooms": [room]}
    (folder / "rooms.yaml").write_text(json.dumps(inventory))
    problems: list[Problem] = []
    configuration = read(folder / "bridge.yaml", problems)
    ours = [one for one in problems if one.path.startswith("people.")]
    return configuration.site if configuration else None, ours


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"issuer": "http://id.example.com"}, "issuer"),
        ({"issuer": "id.example.com"}, "issuer"),
        ({"issuer": "https://id.example.com/?x"}, "issuer"),
        ({"issuer": "https://id.example.com:84433/x"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/common/v2.0"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/organizations/v2.0"}, "issuer"),
        ({"issuer": None}, "issuer"),
        ({"public_url": ""}, "issuer"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"scopes": ["profile"]}, "scopes"),
        ({"scopes": ["openid", "two words"]}, "scopes"),
        ({"roles": []}, "roles"),
        ({"roles": [{"group": "g", "role": "boss"}]}, "roles[0].role"),
        ({"roles": [{"role": "owner"}]}, "roles[0].group"),
        ({"roles": [{"group": "g", "role": "owner", "lists": ["north"]}]}, "roles[0].lists"),
        ({"roles": [{"group": "g", "role": "facilities"}]}, "roles[0].lists"),
    ],
)
def test_what_would_let_in_the_wrong_ones_or_nobody_is_refused(
    tmp_path: Path, more: dict[str, Any], path: str
) -> None:
    _, problems = told(tmp_path, **more)
    assert [(one.path, one.severity) for one in problems] == [(f"people.oidc.{path}", "error")]


def test_a_good_one_is_read_and_a_list_that_nobody_knows_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s\n")
    (tmp_path / "secret").chmod(0o600)
    roles = [
        {"group": "a", "role": "facilities", "lists": ["north"]},
        {"group": "b", "role": "viewer", "lists": ["nowhere"]},
    ]
    site, (problem,) = told(tmp_path, client_secret_file="secret", roles=roles, name="Example")
    assert (problem.severity, problem.path) == ("warning", "people.oidc.roles[1].lists")
    assert "nowhere" in problem.words
    assert site is not None
    oidc = site.people.oidc
    assert oidc is not None
    assert oidc.client_secret is not None
    assert oidc.client_secret.reveal() == "s"
    assert (oidc.shown, oidc.allow_local) == ("Example", True)
    assert oidc.roles[0] == GroupRole(group="a", role="facilities", lists=("north",))
    assert told(tmp_path)[1] == []


def test_without_a_name_the_button_says_the_host() -> None:
    settings = OidcSettings(issuer="https://id.example.com/realms/x", client_id="c", roles=())
    assert settings.shown == "id.example.com"


def test_settings_know_the_same_roles_as_callers() -> None:
    assert get_args(people.Role) == get_args(Role)
