"""`diffusionlab COMMAND ...`, the same programs as the scripts at the root of a checkout."""

import runpy
import sys

from diffusionlab._version import __version__

COMMANDS = {
    "train": "train a model and record the run",
    "sample": "sample from a trained run",
    "evaluate": "measure the samples of a run",
    "visualize": "draw figures of a run",
    "search": "ask plain questions about runs",
    "registry": "show, compare, tag, import and repair runs",
    "completion": 'print the shell completion: eval "$(diffusionlab completion bash)"',
}

USAGE = "usage: diffusionlab COMMAND ...    (each command has --help)"


def main() -> None:
    """Run the program of the first argument on the others."""
    command = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if command in ("--help", "-h", "help"):
        print("\n".join([USAGE, "", *(f"  {name:<12}{text}" for name, text in COMMANDS.items())]))
    elif command in ("--version", "-V"):
        print(f"diffusionlab {__version__}")
    elif command in COMMANDS:
        del sys.argv[1]
        # the program takes the place of __main__: a process that repeats this command line starts it directly
        runpy.run_module(f"diffusionlab.scripts.{command}", run_name="__main__", alter_sys=True)
    else:
        from diffusionlab.errors import did_you_mean

        print(f"error: unknown command {command}{did_you_mean(command, list(COMMANDS))}\n{USAGE}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
