"""What a shell completes, and the manual page."""

import argparse
import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.cli import _parser, completion, manual
from bridge.cli.control import NotRunning
from bridge.cli.inventory.assigned import SECRET, BadAssignment, settings
from bridge.inventory.sealed import secrets_of
from connector import load

pytestmark = pytest.mark.allow_blocking
INVENTORY = {
    "rooms": [
        {"id": "kestrel", "entry": {"endpoints": [{"id": "kestrel-codec"}]}},
        {"id": "owl", "entry": {}},
    ],
    "room_lists": [{"id": "north", "entry": {}}],
}


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    """An appliance answers."""
    monkeypatch.setattr(completion, "ask", lambda *_, **__: INVENTORY)


def completed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert completion.answer(words, _parser(), [Path("bridge.yaml")]) == 0
    return capsys.readouterr().out.split()


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["roo"], ["rooms"]),
        (["rooms", "re"], ["rename", "retire"]),
        (["rooms", "show", ""], ["kestrel", "owl"]),
        (["rooms", "show", "o"], ["owl"]),
        (["rooms", "show", "owl", ""], []),
        (["rooms", "list", "--list", ""], ["north"]),
        (["rooms", "list", "--st"], ["--state"]),
        (["rooms", "list", "--state", "fr"], ["free", "fresh"]),
        (["rooms", "list", "--state", "=", "fr"], ["free", "fresh"]),
        (["rooms", "list", "--list", "="], ["north"]),
        (["rooms", "list", "--state=fre"], ["--state=free", "--state=fresh"]),
        (["rooms", "set", "owl", "floor=2", "a="], []),
        (["rooms", "rename", "kestrel", ""], []),
        (["lists", "show", ""], ["north"]),
        (["endpoints", "push", ""], ["kestrel-codec"]),
        (["endpoints", "set", "ke"], ["kestrel-codec"]),
        (["--config", "x.yaml", "agenda", ""], ["kestrel", "owl"]),
        (["--json", "rooms", "fa"], ["faults"]),
        (["--config", ""], ["--files--"]),
        (["rooms", "diff", ""], ["--files--"]),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["nonsense", "more", ""], []),
        (["rooms", "retire", "--why", ""], []),
        (["rooms", "retire", "--dry-run", "k"], ["kestrel"]),
    ],
    ids=" ".join,
)
def test_what_may_come_next(
    capsys: pytest.CaptureFixture[str], words: list[str], wanted: list[str]
) -> None:
    assert completed(capsys, *words) == wanted


def test_where_nothing_runs_ids_are_simply_not_known(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: object, **__: object) -> None:
        raise NotRunning

    monkeypatch.setattr(completion, "ask", ask)
    assert completed(capsys, "rooms", "show", "") == []
    assert capsys.readouterr().err == ""


PROGRAM = '#!/bin/sh\nexec "{python}" -m bridge "$@"\n'


def program(folder: Path) -> dict[str, str]:
    """An environment in which `roombridge` is this one."""
    file = folder / "roombridge"
    file.write_text(PROGRAM.format(python=sys.executable))
    file.chmod(0o755)
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": root}


def shell(name: str, script: str, folder: Path) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here: scripts/need {name} {name}")
    done = subprocess.run(
        [found, "-c", script],
        env=program(folder),
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "rooms.yaml").write_text("")
    script = """
        source <(roombridge completion bash)
        complete -p roombridge
        try() { COMP_WORDS=(roombridge "$@"); COMP_CWORD=$#; _roombridge; echo "${COMPREPLY[*]}"; }
        try lis; try rooms ren; try rooms list --state fa; try "odd ; echo word" ""
        shopt -s progcomp; compopt() { echo "compopt $1 $2"; }; try rooms diff ro
    """
    out = shell("bash", script, tmp_path).splitlines()
    assert out == [
        "complete -F _roombridge roombridge",
        "lists",
        "rename",
        "failing",
        "",
        "compopt -o default",
        "",
    ]


def test_zsh_completes(tmp_path: Path) -> None:
    script = """
        compdef() { :; }; compadd() { shift; print -l -- ${(P)1}; }
        source <(roombridge completion zsh)
        words=(roombridge rooms ren); CURRENT=3; _roombridge
    """
    assert shell("zsh", script, tmp_path) == "rename\n"


def test_zsh_completes_at_once_by_a_file_that_it_loads_itself(tmp_path: Path) -> None:
    script = """
        compdef() { print "too late"; }; compadd() { shift; print -l -- ${(P)1}; }
        roombridge completion zsh > _roombridge
        fpath=($PWD $fpath); autoload -Uz _roombridge
        words=(roombridge rooms ren); CURRENT=3; _roombridge; _roombridge
    """
    assert shell("zsh", script, tmp_path) == "rename\nrename\n"


def test_fish_completes(tmp_path: Path) -> None:
    script = "roombridge completion fish | source; complete -C 'roombridge rooms ren'"
    assert shell("fish", script, tmp_path) == "rename\n"


def test_the_manual_page_names_every_command_and_option() -> None:
    text = "\n".join(manual.lines(_parser())).replace("\\-", "-")
    for path, command in manual.commands(_parser()):
        assert f".SS roombridge {path}" in text
        for action in command._actions:
            assert all(f"\\fB{name}\\fR" in text for name in action.option_strings)


def test_nothing_in_the_manual_page_is_taken_for_a_request() -> None:
    parser = argparse.ArgumentParser(prog="roombridge", description=".odd 'words' \\fB 100%%")
    page = list(manual.lines(parser))
    assert page[2] == r"roombridge \- \&.odd \(aqwords\(aq \efB 100%"


def test_man_has_nothing_to_say_about_the_page(tmp_path: Path) -> None:
    known = {
        "mandoc": ("mandoc", "-T", "lint", "-W", "warning"),
        "groff": ("groff", "-man", "-Tutf8", "-ww", "-z"),
    }
    words = next((words for tool, words in known.items() if shutil.which(tool)), None)
    if words is None:
        pytest.skip("no mandoc or groff here: scripts/need groff groff")
    page = tmp_path / "roombridge.1"
    page.write_text("\n".join(manual.lines(_parser())) + "\n", encoding="utf-8")
    done = subprocess.run([*words, page], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class TestAssignments:
    """`key=value` words."""

    def test_they_are_a_patch(self) -> None:
        words = ["floor=2", "name=", "check_in.enabled=true", "lists=a, b", "x=[1, {a: b}]"]
        assert settings(words) == {
            "floor": "2",
            "name": None,
            "check_in": {"enabled": "true"},
            "lists": ["a", "b"],
            "x": ["1", {"a": "b"}],
        }
        assert settings(["name=a=b"]) == {"name": "a=b"}
        assert settings(["password=vault:endpoint/x"]) == {"password": "vault:endpoint/x"}

    @pytest.mark.parametrize(
        "word", ["floor", "=2", "a.=2", ".a=2", "x=[", "password=hunter2", "facade.password=x"]
    )
    def test_what_is_none_is_refused_without_its_value(self, word: str) -> None:
        with pytest.raises(BadAssignment) as caught:
            settings([word])
        assert "hunter2" not in str(caught.value)

    def test_a_setting_is_no_group_too(self) -> None:
        with pytest.raises(BadAssignment):
            settings(["check_in=x", "check_in.enabled=true"])

    def test_every_secret_setting_is_known(self) -> None:
        kinds = load.endpoint_kinds()
        assert {path[-1] for kind in kinds for path in secrets_of(kind)} == SECRET


def test_somebody_at_a_terminal_completes_with_the_tab_key(tmp_path: Path) -> None:
    main, terminal = pty.openpty()
    environment = program(tmp_path) | {"TERM": "dumb", "PS1": "", "INPUTRC": os.devnull}
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        cwd=tmp_path,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        try:
            os.write(main, b"source <(roombridge completion bash); echo read''y\n")
            told(main, b"ready")
            os.write(main, b"roombridge rooms ren\t")
            told(main, b"rooms rename ")
            os.write(main, b"\x15roombridge rooms list --state=fa\t")
            told(main, b"--state=failing ")
        finally:
            process.kill()
            os.close(main)


def told(terminal: int, words: bytes) -> None:
    """Read until these words came."""
    seen = b""
    while words not in seen:
        readable, _, _ = select.select([terminal], [], [], 60)
        assert readable, seen
        seen += os.read(terminal, 4096)
