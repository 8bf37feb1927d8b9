"""What every training of the lab shares: one network, its moving average, one optimizer and its learning rate."""

import inspect
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from diffusionlab.training.ema import EMA
from diffusionlab.training.lean import skip_idle_hooks
from diffusionlab.training.lr_schedule import Constant, LRSchedule
from diffusionlab.training.schedule_free import is_schedule_free, used_weights
from diffusionlab.training.step_buffer import StepBuffer

CONSTANT = Constant()
MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


class AveragedModule(pl.LightningModule):
    """Trains `network` and follows it with a moving average, which is what is validated, shown and shipped.

    `optimizer` is called with the parameters. `lr_warmup_steps`: optimizer steps over which the learning rate rises
    linearly from 0; `lr_schedule`: what it does from there to the end of the training.
    """

    draws_for_whole_batch = False
    """Whether random numbers are drawn for the batch of all processes, so that the loss is that of one process."""

    def __init__(
        self,
        *,
        network: nn.Module,
        optimizer: MakeOptimizer,
        ema_decay: float = 0.999,
        lr_warmup_steps: int = 0,
        lr_schedule: LRSchedule = CONSTANT,
        channels_last: bool = False,
    ) -> None:
        super().__init__()
        if lr_warmup_steps < 0:
            raise ValueError(f"lr_warmup_steps={lr_warmup_steps}: 0 for none, or the number of steps")
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.network = network.to(memory_format=self.memory_format)
        self.ema = EMA(self.network, decay=ema_decay)
        self.make_optimizer = optimizer
        self.lr_warmup_steps, self.lr_schedule = lr_warmup_steps, lr_schedule
        self._sums: dict[str, Tensor] = {}  # of each part of the loss, over the batches of this epoch
        self._num_summed = 0
        self._losses = StepBuffer(self._add_up)
        skip_idle_hooks(self)

    def __init_subclass__(cls, **options: Any) -> None:
        """Lightning looks at the signature of `training_step` at every step: noted here, it is not worked out again."""
        super().__init_subclass__(**options)
        cls.training_step.__signature__ = inspect.signature(cls.training_step)  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: Any) -> None:
        """Text is neither a parameter nor a module, for which torch looks: Lightning notes 40 names of hooks a step."""
        if (value is None or isinstance(value, str)) and name in self.__dict__:
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def export_state_dict(self) -> dict[str, Tensor]:
        """The tensors that using the model takes, by name: the averaged network, without its training."""
        return self.ema.network.state_dict()

    def export_files(self) -> dict[str, str]:
        """Files that belong beside the tensors, by name: none, but where another library is to read them."""
        return {}

    # ---- what is logged of training: `self.log` for every step would cost as much as a small network ----

    def log_training(self, loss: Tensor, **parts: Tensor) -> None:
        """Scalars of one batch: train/loss_step now and then; train/loss_epoch and train/<part>, means, each epoch.

        They stay on the device until they are logged, so that a GPU need not wait for every step.
        """
        self._losses.add(**{name: value.detach() for name, value in {"loss_epoch": loss, **parts}.items()})
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and (self.global_step + 1) % every == 0:
            mean = float(self.trainer.strategy.reduce(loss.detach().clone(), reduce_op="mean"))
            for logger in self.loggers:
                logger.log_metrics({"train/loss_step": mean, "epoch": self.current_epoch}, step=self.global_step)

    def _add_up(self, **values: Tensor) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums[name] + value.sum() if name in self._sums else value.sum()
        self._num_summed += len(values["loss_epoch"])

    def on_train_epoch_end(self) -> None:
        """The means of the epoch, over all processes."""
        self._losses.flush()
        for name, total in self._sums.items():
            self.log(f"train/{name}", self.trainer.strategy.reduce(total / self._num_summed, reduce_op="mean"))
        self._sums, self._num_summed = {}, 0

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The sums of an unfinished epoch: a resumed run logs what the whole one would have."""
        checkpoint["training_sums"] = {name: total.cpu() for name, total in self._sums.items()}, self._num_summed
        checkpoint["training_losses"] = self._losses.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Undo `on_save_checkpoint`."""
        sums, self._num_summed = checkpoint.get("training_sums", ({}, 0))
        self._sums = {name: total.to(self.device) for name, total in sums.items()}
        if "training_losses" in checkpoint:
            self._losses.load_state_dict(checkpoint["training_losses"])

    # ---- optimization ----

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """The optimizer over the network (never its average), and its learning rate step by step."""
        optimizer = self.make_optimizer(self.network.parameters())
        for group in optimizer.param_groups:
            if group.get("fused", False) is None:  # torch has one kernel for all weights, and nothing else was asked
                group["fused"] = True  # here: built with it, an optimizer is refused by Lightning's gradient clipping
        total_steps = float(self.trainer.estimated_stepping_batches) if self.lr_schedule.needs_end else math.inf
        factor = partial(self.lr_schedule.at, warmup_steps=self.lr_warmup_steps, total_steps=total_steps)
        scheduler = LambdaLR(optimizer, lambda step: factor(step))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_train_start(self) -> None:
        """A resumed run may have another length: the rate that its checkpoint holds was for the length before."""
        scheduler = self.lr_schedulers()
        assert isinstance(scheduler, LambdaLR)
        for group, base, factor in zip(
            scheduler.optimizer.param_groups, scheduler.base_lrs, scheduler.lr_lambdas, strict=True
        ):
            group["lr"] = base * factor(scheduler.last_epoch)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Step, then average: here rather than in a hook, so that a checkpoint never falls between the two."""
        super().optimizer_step(*args, **kwargs)
        optimizer: torch.optim.Optimizer = self.trainer.optimizers[0]
        self.ema.update(self.network, used_weights(optimizer) if is_schedule_free(optimizer) else None)
