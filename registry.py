"""Look after the registry of runs: `python registry.py --help`."""

from diffusionlab.scripts.registry import main

if __name__ == "__main__":
    main()
