"""`roombridge completion`: a shell completes commands, options, and the ids of a running appliance.

The scripts are small: they hand on the words that stand before the cursor, and the parser of the
commands itself says what may come there. So they are never older than the commands.
"""

import argparse
from argparse import Namespace
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from bridge.cli.control import NotRunning, Refused, ask

FILES = "--files--"
"""Stands for the names of files, which shells know better."""
SECONDS = 1.0
"""How long ids may take: somebody waits for the key that they pressed."""
_KINDS = {"ROOM": "rooms", "LIST": "room_lists", "ENDPOINT": "endpoints"}

_BASH = """\
# roombridge in bash: source <(roombridge completion bash)
_roombridge() {
    local line IFS=$'\\n'
    COMPREPLY=()
    while read -r line; do
        if [[ $line == --files-- ]]; then compopt -o default; else COMPREPLY+=("$line"); fi
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _roombridge roombridge
"""
_ZSH = """\
#compdef roombridge
# roombridge in zsh: source <(roombridge completion zsh)
_roombridge() {
    local line
    local -a found
    for line in "${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        if [[ $line == --files-- ]]; then _files; elif [[ -n $line ]]; then found+=("$line"); fi
    done
    (( $#found )) && compadd -a found
}
# Where zsh loads this file by itself, it runs it to complete for the first time.
if [[ ${funcstack[1]} == _roombridge ]]; then _roombridge; else compdef _roombridge roombridge; fi
"""
_FISH = """\
# roombridge in fish: roombridge completion fish | source
function __roombridge
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if test "$line" = --files--
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c roombridge -f -a '(__roombridge)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(given: Namespace) -> int:
    """Print the script for a shell."""
    print(_SCRIPTS[given.shell], end="")
    return 0


def answer(words: Sequence[str], parser: argparse.ArgumentParser, defaults: Sequence[Path]) -> int:
    """Print what may stand in place of the last of these words, a line each."""
    # bash takes `=` for a word of its own, others take `--option=value` for one.
    *before, begun = [word for word in words[:-1] if word != "="] + list(words[-1:] or [""])
    begun = "" if begun == "=" else begun
    option, sign, value = begun.partition("=")
    if sign and option.startswith("--"):
        before, begun = [*before, option], value
    else:
        option = sign = ""
    wanted = _expected(parser, before, begun)
    for one in sorted(set(_offered(wanted, before, defaults))):
        if one == FILES or one.startswith(begun):
            print(one if one == FILES else f"{option}{sign}{one}")
    return 0


def _expected(
    parser: argparse.ArgumentParser, before: Sequence[str], begun: str
) -> list[argparse.Action | str]:
    """What may come next: values of an option or an argument, commands, options."""
    waiting = [one for one in _arguments(parser) if not one.option_strings]
    rest = list(before)
    while rest:
        word = rest.pop(0)
        option = _option(parser, word)
        if option is not None:
            if _takes(option) and "=" not in word:
                if not rest:
                    return [option]
                rest.pop(0)
        elif waiting:
            below = _below(waiting[0], word)
            if below is not None:
                parser = below
                waiting = [one for one in _arguments(parser) if not one.option_strings]
            elif waiting[0].nargs not in {"*", "+"}:
                waiting.pop(0)
    if begun.startswith("-"):
        names = (name for one in _arguments(parser) for name in one.option_strings)
        return [name for name in names if name.startswith("--")]
    return list(waiting[:1])


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 - argparse has no other way to tell


def _option(parser: argparse.ArgumentParser, word: str) -> argparse.Action | None:
    name = word.partition("=")[0]
    known = (one for one in _arguments(parser) if name in one.option_strings)
    return next(known, None) if word.startswith("-") else None


def _takes(option: argparse.Action) -> bool:
    return option.nargs != 0


def _below(action: argparse.Action, word: str) -> argparse.ArgumentParser | None:
    if isinstance(action.choices, dict):
        found = action.choices.get(word)
        return found if isinstance(found, argparse.ArgumentParser) else None
    return None


def _offered(
    wanted: Sequence[argparse.Action | str], before: Sequence[str], defaults: Sequence[Path]
) -> Iterator[str]:
    for one in wanted:
        if isinstance(one, str):
            yield one
        elif one.choices is not None:
            yield from map(str, one.choices)
        elif one.metavar in _KINDS:
            yield from _ids(_KINDS[str(one.metavar)], before, defaults)
        elif one.type is Path or one.metavar == "FILE":
            yield FILES


def _ids(kind: str, before: Sequence[str], defaults: Sequence[Path]) -> Iterator[str]:
    """Ids as the running appliance knows them; none where it does not answer at once."""
    config = next((path for path in defaults if path.exists()), defaults[0])
    for word, after in pairwise(before):
        config = Path(after) if word == "--config" else config
    try:
        kept = ask(Namespace(config=config), "GET", "/inventory", seconds=SECONDS)
    except (NotRunning, Refused):
        return
    if kind == "endpoints":
        for room in kept["rooms"]:
            yield from (unit["id"] for unit in room["entry"].get("endpoints", ()) if "id" in unit)
    else:
        yield from (one["id"] for one in kept[kind])
