"""A CLIP of the lab's own: trained on drawn garments, read by open_clip, and all that it is used for."""

import json
import re
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf
from PIL import Image
from sklearn.metrics import roc_auc_score

from diffusionlab.commands.sample import sample
from diffusionlab.commands.visualize import visualize
from diffusionlab.data import Garments
from diffusionlab.data.quality import BLURRED, NOISED, SHARP, Degradation
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.clip.scorer import ClipScorer
from diffusionlab.evaluation.clip.scores import ClipScores, score_samples
from diffusionlab.evaluation.clip.source import LocalClip, PretrainedClip
from diffusionlab.models.pretrained import local_clip
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.run_record import read_record
from diffusionlab.runs.checkpoint import load_model
from diffusionlab.runs.schemas import register
from diffusionlab.tensors import to_float, to_uint8
from diffusionlab.training.clip_module import CaptionAttributes, ClipLoss, contrastive_loss, is_true
from diffusionlab.visualization.grids import to_pil
from tests.conftest import CONF, Lab
from tests.training.test_resume import assert_identical, content

CLIP = (
    "model=clip",
    "model.width=8",
    "model.num_heads=4",
    "optimizer.lr=3e-3",
    "lr_warmup_steps=10",
    "ema_decay=0.9",
    "data.num_train=480",
    "data.num_val=60",
    "data.num_test=100",
    "data.batch_size=32",
    "trainer.enable_progress_bar=false",
    "~callbacks.progress_bar",
)
"""Overrides that make a CLIP of drawn garments in about ten seconds."""

PROMPTS = OmegaConf.to_object(OmegaConf.load(CONF / "prompts/lab.yaml"))
NAMES = Garments.native_class_names
WORDS = {"sharp": ("good", "clear"), "blurred": ("blurry",), "noised": ("noisy",)}
ZEROS = torch.zeros(2, dtype=torch.int64)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """A lab with a CLIP run and a small conditional diffusion run on the same data."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFUSIONLAB_REGISTRY", str(lab.root / "registry"))
        lab.train(name="20260101-000000-aaaaaa", small=CLIP)
        lab.train("trainer.max_epochs=2", name="20260101-000000-bbbbbb")
    return lab


@pytest.fixture
def uri(trained: Lab, monkeypatch: pytest.MonkeyPatch) -> str:
    """The registry of the trained runs, as this test's own."""
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(trained.root / "registry"))
    return str(trained.root / "registry")


@pytest.fixture
def folder(trained: Lab) -> Path:
    return trained.root / "outputs/2026-01-01/20260101-000000-aaaaaa"


@pytest.fixture(scope="module")
def scorer(trained: Lab) -> ClipScorer:
    return ClipScorer(local_clip(trained.root / "outputs/2026-01-01/20260101-000000-aaaaaa"), NAMES, PROMPTS)


@pytest.fixture(scope="module")
def garments() -> tuple[torch.Tensor, torch.Tensor]:
    """Images in [-1, 1] that no run was trained on, and their classes."""
    data = Garments(num_train=20, num_val=0, num_test=100, drawing_seed=5, batch_size=10)
    data.setup()
    return to_float(data.test.images), data.test.labels


def run_sample(uri: str, *overrides: str) -> Path:
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(
            "sample", [f"registry.uri={uri}", "run=20260101-000000-bbbbbb", "sampler.num_steps=4", *overrides]
        )
    return sample(cfg)


def pictures(folder: Path) -> torch.Tensor:
    images = [np.asarray(Image.open(path)) for path in sorted(folder.glob("0*.png"))]
    return torch.from_numpy(np.stack(images))[:, None]


# ---- training and keeping it


def test_the_loss_is_open_clips_where_each_caption_is_true_of_one_image_alone():
    from open_clip.loss import ClipLoss as Theirs

    images, texts = (torch.nn.functional.normalize(torch.randn(6, 8), dim=1) for _ in range(2))
    ours = contrastive_loss(20 * images @ texts.T, torch.eye(6, dtype=torch.bool))
    torch.testing.assert_close(ours, Theirs()(images, texts, torch.tensor(20.0)))


def test_captions_that_are_true_of_several_images_are_negatives_of_none():
    # a sandal twice, one caption that leaves the quality unsaid; a bag
    said = CaptionAttributes(*(torch.tensor(part) for part in ([0, 0, 1], [-1, 1, 0], [-1, -1, -1])))
    label, quality, style = (torch.tensor(part) for part in ([0, 0, 1], [0, 1, 0], [0, 1, 1]))
    wanted = [[True, False, False], [True, True, False], [False, False, True]]
    assert is_true(said, label, quality, style).tolist() == wanted
    perfect = torch.where(torch.tensor(wanted), 50.0, -50.0)
    assert contrastive_loss(perfect, torch.tensor(wanted)) < contrastive_loss(50 * torch.eye(3), torch.tensor(wanted))


def test_captions_say_class_style_and_quality():
    loss = ClipLoss(class_names=["Sandal", "Bag"], style_names=["light", "bold"], words=WORDS)
    said = CaptionAttributes(*(torch.tensor(part) for part in ([0, 1, 0, 1], [1, -1, 2, -1], [1, 0, -1, -1])))
    assert loss.captions(said) == [
        *("a blurry photo of a bold sandal", "a photo of a light bag", "a noisy photo of a sandal", "a photo of a bag")
    ]
    many = CaptionAttributes(*(torch.full((200,), value) for value in (0, SHARP, -1)))
    assert set(loss.captions(many)) == {"a good photo of a sandal", "a clear photo of a sandal"}


def test_a_clip_run_is_recorded_with_what_it_can_do(trained: Lab):
    record = trained.record("20260101-000000-aaaaaa")
    assert {"clip", "cnn", "attention"} <= set(record.arch_tags) and "autoencoder" not in record.arch_tags
    assert record.architecture == "SmallClip" and record.schedule is None and record.flops > 0
    assert record.metrics["zero_shot_accuracy"] > 0.9 and record.metrics["clear_auc"] > 0.95
    assert record.metrics["val_loss"] is not None


def test_open_clip_reads_the_run_folder_and_sees_images_as_the_lab_does(folder: Path):
    import open_clip

    theirs, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    tokenizer, ours = open_clip.get_tokenizer(f"local-dir:{folder}"), local_clip(folder)
    assert not any(parameter.requires_grad for parameter in ours.parameters())
    images = torch.randint(256, (5, 1, 32, 32), dtype=torch.uint8)
    pixels = torch.stack([preprocess(to_pil(image).convert("RGB")) for image in images])
    sentences = ["a blurry photo of a sandal", "a bag"]
    with torch.no_grad():
        torch.testing.assert_close(ours(to_float(images)), theirs.eval().encode_image(pixels, normalize=True))
        torch.testing.assert_close(ours.texts(sentences), theirs.encode_text(tokenizer(sentences), normalize=True))
    colour = ours(to_float(images).repeat(1, 3, 1, 1))
    torch.testing.assert_close(colour, ours(to_float(images)))
    assert ours(torch.zeros(2, 1, 28, 28)).shape == ours(torch.zeros(2, 3, 64, 64)).shape == (2, 64)


def test_a_styled_clip_trains_and_resumes_bit_for_bit(lab: Lab):
    small = (*CLIP, "data.num_train=80", "data.num_val=10", "data.num_test=10", "condition.style=ink", "ema_decay=0.99")
    whole = lab.train("trainer.max_epochs=2", small=small, name="whole")
    lab.train("trainer.max_epochs=1", "name=parts", small=small, name="parts")
    parts = lab.train("trainer.max_epochs=2", "name=parts", "ckpt_path=last", small=small, name="parts")
    assert_identical(content(whole), content(parts))


def test_a_clip_draws_nothing(folder: Path):
    with pytest.raises(UsageError, match=r"clip\.run="):
        load_model(folder, "cpu")


def test_a_clip_has_a_picture_of_its_prompts_and_its_report_shows_it(uri: str, folder: Path):
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("visualize", [f"registry.uri={uri}", f"run={folder}", "what=prompts", "num_points=100"])
    assert [path.name for path in visualize(cfg)] == ["prompts.png", "prompts.svg"]
    drawn = (folder / "pictures/prompts.svg").read_text()
    assert "Ankle boot" in drawn and "noised" in drawn and "noisy" in drawn
    assert re.search(r"Of 100 images (9\d\.\d|100\.0)% are nearest to their own class", drawn)
    assert "are nearest to their own class" in (folder / "report.html").read_text()


# ---- scores


def test_scores_fall_with_blur_and_noise(scorer: ClipScorer, garments):
    images, label = garments
    by_quality = {
        quality: score_samples(scorer, to_uint8(Degradation()(images, torch.full_like(label, quality))), label)
        for quality in (SHARP, BLURRED, NOISED)
    }
    for worse in (BLURRED, NOISED):
        pairs = torch.cat([by_quality[SHARP].quality, by_quality[worse].quality])
        assert roc_auc_score([1] * len(label) + [0] * len(label), pairs) > 0.8
    blurry = [by_quality[quality].values[:, 2].mean() for quality in (SHARP, BLURRED)]
    assert blurry[0] < blurry[1]


def test_scores_are_cosines_that_depend_on_neither_order_nor_batch(scorer: ClipScorer, garments):
    images, label = to_uint8(garments[0]), garments[1]
    scores = score_samples(scorer, images, label)
    assert scores.values.abs().max() <= 1 + 1e-5
    mixed = torch.randperm(len(label))
    again = score_samples(scorer, images[mixed], label[mixed], batch_size=7)
    torch.testing.assert_close(again.values, scores.values[mixed], rtol=1e-4, atol=1e-4)
    assert (scorer.classify(garments[0]) == label).float().mean() > 0.9
    wrong = score_samples(scorer, images, (label + 1) % 10)
    assert (wrong.quality < scores.quality).float().mean() > 0.95


def test_the_tables_put_the_hardest_class_first_and_the_best_sample_first():
    values = torch.tensor([[0.1, 0.2, 0.0], [0.9, 0.8, 0.0], [0.5, 0.5, 0.0], [0.7, 0.7, 0.0]])
    scores = ClipScores(tuple(PROMPTS), values, torch.tensor([0, 1, 0, 1]), ("a", "b"))
    assert [row["class"] for row in scores.by_class()] == ["a", "b"]
    assert scores.by_class()[0]["quality"] == pytest.approx(0.65)
    assert scores.best(3).tolist() == [1, 3, 2]


def test_a_prompt_without_a_place_for_the_class_is_refused(scorer: ClipScorer):
    with pytest.raises(ValueError, match=r"clip\.prompts\.clear"):
        ClipScorer(scorer.encoder, NAMES, PROMPTS | {"clear": "a clear photo"})


# ---- which CLIP


def test_local_is_the_newest_finished_run_on_the_same_data(uri: str, folder: Path):
    def chosen(run=None, dataset="Garments", class_names=NAMES):
        return LocalClip(registry_uri=uri, run=run, prompts=PROMPTS).choose(dataset, class_names, "garments").run_id

    assert chosen() == chosen("20260101-000000-aa") == chosen(str(folder)) == "20260101-000000-aaaaaa"
    for other in ({"dataset": "Fashion-MNIST"}, {"class_names": NAMES[:5]}):
        with pytest.raises(UsageError, match=r"type python train.py model=clip data=garments"):
            chosen(**other)
    with pytest.raises(UsageError, match=r"clip\.run takes a run of"):
        chosen("20260101-000000-bbbbbb")


@pytest.mark.parametrize(("accuracy", "warned"), [(0.12, True), (0.21, False), (0.95, False)])
def test_a_clip_at_the_level_of_chance_is_said_to_be(
    uri: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, accuracy: float, warned: bool
):
    monkeypatch.setattr(LocalClip, "_newest", lambda self, *_: replace(known, metrics={"zero_shot_accuracy": accuracy}))
    known = find_run(uri, "20260101-000000-aaaaaa")
    chosen = LocalClip(registry_uri=uri, prompts=PROMPTS).choose("Garments", NAMES, "garments")
    assert chosen.accuracy == accuracy and ("chance 10 %" in caplog.text) == warned


def test_without_a_registry_the_command_to_train_one_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match=r"model=clip data=garments"):
        LocalClip(registry_uri=str(tmp_path / "none"), prompts=PROMPTS).choose("Garments", NAMES, "garments")


def test_absent_weights_are_one_line_without_a_look_at_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def connect(*_: object) -> None:
        raise AssertionError("went to the network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    for weights, words in (
        ("laion2b_s34b_b79k", "clip.download=true"),
        ("none.safetensors", "no CLIP weights at none"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            PretrainedClip(model="ViT-B-32", weights=weights, prompts=PROMPTS).choose("Garments", NAMES, "garments")
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="ViT-Z"):
        PretrainedClip(model="ViT-Z", weights="openai", prompts=PROMPTS).choose("Garments", NAMES, "garments")


def test_weights_from_a_file_judge_any_data(tmp_path: Path, folder: Path):
    """A model of open_clip's by name, with weights of its own: here a small one under a name of its own."""
    import open_clip

    config = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
    (tmp_path / "small-test-clip.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / "small-test-clip.json")
    clip = PretrainedClip(model="small-test-clip", weights=str(folder / "weights.safetensors"), prompts=PROMPTS)
    chosen = clip.choose("anything", ["cat"], "image_folder")
    assert chosen.scorer.scores(torch.zeros(2, 3, 40, 40), ZEROS).shape == (2, 3)
    assert chosen.name == "small-test-clip weights.safetensors" and chosen.run_id is None


# ---- in training


def test_clip_weight_is_part_of_a_run_that_names_its_clip(trained: Lab, uri: str):
    run = trained.train("loss.clip_weight=0.1", name="20260101-000000-cccccc")
    record = read_record(run)
    assert record.parent_run == "20260101-000000-aaaaaa"
    model = load_model(run, "cpu")
    assert model.settings.clip.run == "20260101-000000-aaaaaa"
    metrics = (run / "logs").rglob("metrics.csv")
    assert "train/clip_distance" in next(metrics).read_text().splitlines()[0]
    with pytest.raises(UsageError, match="latent"):
        trained.train("loss.clip_weight=0.1", "model=conditional_latent_unet", name="refused")
    with pytest.raises(UsageError, match="clip=local"):
        trained.train("loss.clip_weight=0.1", "~clip", name="refused")


def test_a_clip_that_is_not_used_leaves_no_trace(trained: Lab):
    model = load_model(trained.root / "outputs/2026-01-01/20260101-000000-bbbbbb", "cpu")
    assert model.settings.clip is None and model.settings.choices["clip"] is None


# ---- in sampling


def test_clip_scale_draws_the_same_noise_towards_its_class(uri: str, scorer: ClipScorer, tmp_path: Path):
    similarity = []
    for scale in (0, 100):
        run_sample(uri, f"guidance.clip_scale={scale}", "num_samples=20", f"output_dir={tmp_path / str(scale)}")
        images = to_float(pictures(tmp_path / str(scale)))
        similarity.append(scorer.similarity(images, torch.arange(20) % 10))
    assert similarity[1].mean() > similarity[0].mean() + 0.02


def test_selection_keeps_the_best_under_their_own_numbers(uri: str, tmp_path: Path, capsys):
    run_sample(uri, "num_samples=10", f"output_dir={tmp_path / 'all'}", "scores=true")
    capsys.readouterr()
    kept = run_sample(uri, "num_samples=10", "select.top=3", f"output_dir={tmp_path / 'kept'}")
    table = json.loads((tmp_path / "all/scores.json").read_text())
    best = sorted(table["samples"], key=lambda row: -(row["good"] + row["clear"]))[:3]
    assert [path.name for path in sorted(kept.glob("0*.png"))] == sorted(f"{row['sample']:05d}.png" for row in best)
    for path in kept.glob("0*.png"):
        assert path.read_bytes() == (tmp_path / "all" / path.name).read_bytes()
    printed = capsys.readouterr().out.splitlines()
    assert [int(line.split()[1]) for line in printed[:3]] == [row["sample"] for row in best]


def test_scores_are_a_table_a_grid_and_a_chart_and_stand_in_the_report(uri: str):
    drawn = run_sample(uri, "num_samples=40", "scores=true")
    table = json.loads((drawn / "scores.json").read_text())
    assert table["clip"] == "run 20260101-000000-aaaaaa" and table["run"] == "20260101-000000-bbbbbb"
    assert len(table["samples"]) == 40 and len(table["classes"]) == 10
    assert table["clip_accuracy"] > 0.9
    assert Image.open(drawn / "best_and_worst.png").width > 10 * 84
    chart = (drawn / "difficulty.svg").read_text()
    assert "Ankle boot" in chart and "real images, the middle half" in chart and (drawn / "difficulty.png").is_file()
    assert "clip run 20260101-000000-aaaaaa" in (drawn.parents[1] / "report.html").read_text()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["select.top=0"], "select.top=0: from 1 to num_samples=5"),
        (["select.top=6"], "select.top=6: from 1 to num_samples=5"),
        (["select.top=2", "guidance_scale=[1,2]"], "one alone"),
        (["scores=true", "clip.run=nothing"], "nothing"),
        (["scores=true", "clip=vit_b_32"], "clip.download=true"),
    ],
)
def test_a_wish_that_no_clip_can_meet_is_one_line(uri: str, overrides: list[str], words: str):
    with pytest.raises(UsageError) as caught:
        run_sample(uri, "num_samples=5", *overrides)
    assert words in str(caught.value) and "\n" not in str(caught.value)
