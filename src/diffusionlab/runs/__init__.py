"""From settings to the parts of a run, and from a run folder back to them.

schemas.py      the typed root of the settings of every command, for Hydra
settings.py     the settings of one run: resolved once, read-only
rules.py        what no single part can check
explain.py      errors of Hydra, OmegaConf and Lightning in one line
folder.py       where a run lives on disk
build.py        settings -> data module, Lightning module, trainer
first_stage.py  the autoencoder of a latent run: found, or trained first
facts.py        what the registry records of a run
checkpoint.py   weights and checkpoints, written and read without unpickling code
"""
