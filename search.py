"""Ask the registry of runs: `python search.py "unets on MNIST"`."""

from diffusionlab.scripts.search import main

if __name__ == "__main__":
    main()
