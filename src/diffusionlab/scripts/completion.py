"""Completion of `diffusionlab` in a shell: `eval "$(diffusionlab completion bash)"`, and fish and zsh likewise.

The shell asks `diffusionlab completion query LINE` for the words that may stand at the end of the line: commands here,
groups, options and settings by Hydra, flags and subcommands from the parsers of search and registry.
"""

import argparse
import io
import os
import shlex
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from importlib import import_module

from diffusionlab.__main__ import COMMANDS
from diffusionlab.errors import did_you_mean

SHELLS = {
    "bash": """\
_diffusionlab() {
    local IFS=$'\\n'
    COMPREPLY=($(diffusionlab completion query "${COMP_LINE:0:$COMP_POINT}"))
    [[ ${COMPREPLY[0]} == *[=/.] ]] && compopt -o nospace
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=}
complete -F _diffusionlab diffusionlab""",
    "zsh": """\
_diffusionlab() { compadd -S '' -- ${(f)"$(diffusionlab completion query "$LBUFFER")"} }
compdef _diffusionlab diffusionlab""",
    "fish": "complete -c diffusionlab -f -a '(diffusionlab completion query (commandline -cp))'",
}


def main() -> None:
    """Print the function for a shell, or the completions of a line."""
    match sys.argv[1:]:
        case [shell] if shell in SHELLS:
            print(SHELLS[shell])
        case ["query", line]:
            print("\n".join(completions(line)))
        case [*words]:
            word = words[0] if words else ""
            print(f"error: completion takes bash, zsh or fish{did_you_mean(word, list(SHELLS))}", file=sys.stderr)
            sys.exit(2)


def completions(line: str) -> list[str]:
    """Words for the end of `line`, which starts with `diffusionlab`."""
    command, _, rest = line.partition(" ")[2].lstrip().partition(" ")
    if command not in COMMANDS or f"{command} " not in line:
        return _starting(COMMANDS, command)
    if command == "completion":
        return _starting(SHELLS, rest)
    if command in ("search", "registry"):
        return _of_parser(command, rest)
    return _of_hydra(command, rest)


def _starting(words: Iterable[str], start: str) -> list[str]:
    return sorted(word for word in words if word.startswith(start))


def _of_hydra(command: str, rest: str) -> list[str]:
    """What Hydra's own completion says of the line, asked as its shell function asks."""
    line = f"{command} {rest}"
    os.environ |= {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    sys.argv = [command, "-sc", "query=bash"]
    with redirect_stdout(io.StringIO()) as answer:
        import_module(f"diffusionlab.scripts.{command}").main()
    return answer.getvalue().split()


def _of_parser(command: str, rest: str) -> list[str]:
    from diffusionlab.registry.manage import cli as registry
    from diffusionlab.scripts.registry import MORE
    from diffusionlab.search.show.cli import parser as search_parser

    parser: argparse.ArgumentParser = search_parser() if command == "search" else registry.parser(MORE)
    done, _, last = rest.rpartition(" ")
    if subcommands := _subcommands(parser):
        chosen = next((word for word in shlex.split(done) if word in subcommands), None)
        if chosen is None:
            return _starting(subcommands, last)
        parser = subcommands[chosen]
    return _starting((flag for action in parser._actions for flag in action.option_strings), last or "--")


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


if __name__ == "__main__":
    main()
