"""The pictures of `visualize.py`, drawn of trained runs: the run, opened (loaded_run.py), and what is seen of it."""
