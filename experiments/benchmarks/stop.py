"""Ends the process when the first training step is done: what a training costs until then."""

import os
from typing import Any

import pytorch_lightning as pl


class Stop(pl.Callback):
    """Where parts.start adds it to the callbacks of a run."""

    def on_train_batch_end(self, *_: Any) -> None:
        os._exit(0)
