"""What every data set has in common, shown on the drawn one."""

import pytest
import pytorch_lightning as pl
import torch

from diffusionlab.data import CIFAR10, MNIST, CatDog, FashionMNIST, Garments
from diffusionlab.data.augmentation import Augmentation


def small(**options) -> Garments:
    return Garments(**{"num_train": 200, "num_test": 40, "num_val": 40, "batch_size": 32} | options)


def test_facts_are_known_before_anything_is_loaded():
    for cls, facts in {
        Garments: ("Garments", 1, 28, 10),
        MNIST: ("MNIST", 1, 28, 10),
        FashionMNIST: ("Fashion-MNIST", 1, 28, 10),
        CIFAR10: ("CIFAR-10", 3, 32, 10),
        CatDog: ("CIFAR-10 cats and dogs", 3, 32, 2),
    }.items():
        datamodule = cls()
        assert (datamodule.name, datamodule.channels, datamodule.image_size, datamodule.num_classes) == facts
        assert len(datamodule.class_names) == datamodule.num_classes
    with pytest.raises(RuntimeError, match="not loaded"):
        _ = Garments().train


@pytest.mark.parametrize("image_size", [28, 32, 64])
def test_batches_have_the_size_asked_for(image_size):
    datamodule = small(image_size=image_size)
    datamodule.setup()
    for loader in (datamodule.train_dataloader(), datamodule.val_dataloader(), datamodule.test_dataloader()):
        x0, label = next(iter(loader))
        assert x0.shape == (32, 1, image_size, image_size) and label.shape == (32,)
        assert x0.min() >= -1 and x0.max() <= 1


def test_the_validation_images_stay_the_same_whatever_the_seed():
    one, other, split = small(seed=1), small(seed=2), small(split_seed=1)
    for datamodule in (one, other, split):
        datamodule.setup()
    assert torch.equal(one.val.images, other.val.images)
    assert not torch.equal(one.val.images, split.val.images)
    assert one.data_hash == other.data_hash != split.data_hash
    first, second = (next(iter(datamodule.train_dataloader()))[0] for datamodule in (one, other))
    assert not torch.equal(first, second)


def test_only_training_images_are_mirrored():
    datamodule = small(horizontal_flip=True)
    datamodule.setup()
    assert datamodule.train_dataloader().augmentation.horizontal_flip
    for loader in (datamodule.val_dataloader(), datamodule.test_dataloader()):
        assert loader.augmentation == Augmentation()


def test_classes_can_be_chosen():
    datamodule = small(class_names=["Bag", "Sandal"], num_classes=2, num_val=4, batch_size=8)
    whole = small()
    datamodule.setup(), whole.setup()
    assert datamodule.class_names == ("Bag", "Sandal") and set(datamodule.test.labels.tolist()) == {0, 1}
    assert torch.equal(datamodule.test.images[datamodule.test.labels == 0], whole.test.images[whole.test.labels == 8])


def test_without_validation_images_there_is_no_validation_loader():
    datamodule = small(num_val=0)
    datamodule.setup()
    assert datamodule.val_dataloader() == [] and len(datamodule.train) == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, r"data\.batch_size=0 must be a whole number, 1 or more"),
        ({"num_val": -1}, r"data\.num_val=-1 must be a whole number, 0 or more"),
        ({"image_size": 2}, r"data\.image_size=2 must be a whole number, 4 or more"),
        ({"image_size": "banana"}, r"data\.image_size=banana must be a whole number"),
        ({"image_size": 2000}, r"data\.image_size=2000 must lie between 4 and 1024"),
        ({"channels": 3}, r"type data\.channels=1"),
        ({"class_names": ["Bagg"]}, r"no class 'Bagg'; did you mean 'Bag'\?"),
        ({"class_names": ["Bag", "Bag"]}, "each once"),
        ({"class_names": []}, "at least one class"),
        ({"num_classes": 9}, r"type data\.num_classes=10"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_at_once(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        small(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"num_val": 200}, r"type data\.num_val=20$"), ({"batch_size": 161}, r"type data\.batch_size=160 or less")],
)
def test_sizes_that_do_not_fit_the_images_are_refused_at_setup(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options).setup()


def test_a_misspelt_argument_is_refused():
    with pytest.raises(TypeError, match="bath_size"):
        small(bath_size=3)


class Sums(pl.LightningModule):
    """Writes down a fingerprint of every training batch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[tuple[float, int]] = []

    def training_step(self, batch, batch_idx):
        self.seen.append((float(batch[0].sum()), int(batch[1].sum())))
        return self.weight**2

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("overfit_batches", "distinct"), [(0, 6), (2, 2)])
def test_a_trainer_sees_new_batches_every_epoch_unless_it_overfits(tmp_path, overfit_batches, distinct):
    module = Sums()
    pl.Trainer(
        max_epochs=3,
        limit_train_batches=2,
        overfit_batches=overfit_batches,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    ).fit(module, datamodule=small(horizontal_flip=True))
    assert len(module.seen) == 6 and len(set(module.seen)) == distinct
