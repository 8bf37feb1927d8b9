"""The commands as programs: each module runs as a script, imports little, and leaves the work to `commands/`.

`python train.py`, `diffusionlab train` and `python -m diffusionlab.scripts.train` are the same program. It is a program
and not a function call, since Lightning starts the other processes of a group by repeating the command line.
"""
