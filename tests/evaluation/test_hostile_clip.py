"""The CLIP of a stranger: its files choose no code, tokenizer or host, and it is taken only if it is asked for."""

import copy
import json
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffusionlab.errors import UsageError
from diffusionlab.evaluation.clip.source import LocalClip, PretrainedClip
from diffusionlab.models import SmallClip
from diffusionlab.models.pretrained import local_clip, open_clip_model
from diffusionlab.registry.manage.transfer import import_runs
from diffusionlab.registry.record.run_record import RunRecord, write_record
from diffusionlab.registry.storage.table import Registry

pytestmark = pytest.mark.faults

PROMPTS = {"good": "a good {}", "clear": "a clear {}", "blurry": "a blurry {}"}
CODE = "import pathlib; pathlib.Path(__file__).with_name('owned').touch()\n"


@pytest.fixture(scope="module")
def small() -> SmallClip:
    torch.manual_seed(0)
    return SmallClip(in_channels=1, image_size=28, width=4, num_heads=2, text_width=8, text_layers=1, text_heads=2)


def write_clip(folder: Path, clip: SmallClip, config: object = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in clip.clip.state_dict().items()}, folder / "weights.safetensors"
    )
    content = clip.open_clip_config if config is None else config
    (folder / "open_clip_config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def changed(config: dict, path: str, value: object) -> dict:
    config = copy.deepcopy(config)
    *groups, key = path.split(".")
    place = config
    for group in groups:
        place = place[group]
    place[key] = value
    return config


HOSTILE = [
    ("model_cfg.text_cfg.hf_tokenizer_name", "."),
    ("model_cfg.text_cfg.tokenizer_kwargs", {"trust_remote_code": True}),
    ("model_cfg.text_cfg.hf_model_name", "hf-hub:stranger/model"),
    ("model_cfg.vision_cfg.timm_model_name", "hf-hub:stranger/model"),
    ("model_cfg.vision_cfg.width", 10**9),
    ("model_cfg.vision_cfg.width", 4.0),
    ("model_cfg.vision_cfg.width", True),
    ("model_cfg.vision_cfg.layers", [10**6] * 4),
    ("model_cfg.vision_cfg.layers", "1111"),
    ("model_cfg.vision_cfg.layers", []),
    ("model_cfg.vision_cfg.head_width", 0),
    ("model_cfg.text_cfg.layers", 10**9),
    ("model_cfg.text_cfg.vocab_size", 10**9),
    ("model_cfg.text_cfg", None),
    ("model_cfg", []),
    ("preprocess_cfg.mean", [float("nan")] * 3),
    ("custom_text", True),
]


def test_a_clip_of_this_project_is_read_as_it_was_written(tmp_path, small, no_network):
    images = torch.rand(2, 1, 28, 28) * 2 - 1
    read = local_clip(write_clip(tmp_path, small))
    small.eval()
    with torch.no_grad():
        assert torch.equal(read(images), small(images)) and torch.equal(read.texts(["a bag"]), small.texts(["a bag"]))


@pytest.mark.parametrize(("path", "value"), HOSTILE, ids=lambda value: str(value)[:40])
def test_a_strangers_config_chooses_nothing(tmp_path, small, no_network, path, value):
    folder = write_clip(tmp_path, small, changed(small.open_clip_config, path, value))
    tokenizer = {"auto_map": {"AutoTokenizer": ["code.Tokenizer", None]}, "tokenizer_class": "Tokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (folder / "code.py").write_text(CODE)
    with pytest.raises(UsageError, match="cannot be loaded") as caught:
        local_clip(folder)
    assert "\n" not in str(caught.value) and not (folder / "owned").exists()


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '"hf-hub:stranger/model"', " " * 200_000])
def test_a_file_that_is_no_config_is_one_line(tmp_path, small, text):
    with pytest.raises(UsageError, match="cannot be loaded") as caught:
        local_clip(write_clip(tmp_path, small, text))
    assert "\n" not in str(caught.value)


def test_weights_are_neither_pickled_nor_outside_the_folder(tmp_path, small):
    folder = write_clip(tmp_path / "run", small)
    (folder / "weights.safetensors").rename(tmp_path / "weights.safetensors")
    (folder / "weights.safetensors").symlink_to(tmp_path / "weights.safetensors")
    with pytest.raises(UsageError, match="holds no CLIP"):
        local_clip(folder)
    (folder / "weights.safetensors").unlink()
    torch.save(small.clip.state_dict(), folder / "open_clip_pytorch_model.bin")
    with pytest.raises(UsageError, match="holds no CLIP"):
        local_clip(folder)


def clip_record(run_id: str, folder: Path) -> RunRecord:
    return RunRecord(
        run_id=run_id, name="clip", arch_tags=["clip"], dataset="Garments", status="finished", path=str(folder),
        config={"data": {"class_names": ["Bag"]}},
    )  # fmt: skip


def test_an_import_line_does_not_choose_the_clip(tmp_path, small, registry_of_its_own):
    registry = Registry(str(registry_of_its_own))
    stranger = clip_record("zzz", write_clip(tmp_path / "stranger", small))
    write_record(stranger, tmp_path / "stranger")  # a whole run folder, copied from somewhere
    import_runs(registry, [stranger])
    registry.upsert(clip_record("zzzz", write_clip(tmp_path / "other", small)))  # a folder that is not its own
    local = LocalClip(registry_uri=str(registry_of_its_own), prompts=PROMPTS)
    with pytest.raises(UsageError, match="no finished CLIP run"):
        local.choose("Garments", ["Bag"], "garments")

    own = clip_record("20260101-000000-aaaaaa", write_clip(tmp_path / "own", small))
    own.config["data"]["class_names"] = ["Bag"]
    write_record(own, tmp_path / "own")
    registry.upsert(own)
    assert local.choose("Garments", ["Bag"], "garments").run_id == own.run_id


@pytest.mark.parametrize("config", [{"data": [1]}, {"data": {"class_names": 5}}, {"data": "x"}, {}])
def test_settings_of_an_import_that_are_none_are_passed_over(tmp_path, registry_of_its_own, config):
    record = clip_record("a", tmp_path)
    record.config = config
    Registry(str(registry_of_its_own)).upsert(record)
    with pytest.raises(UsageError, match="no finished CLIP run"):
        LocalClip(registry_uri=str(registry_of_its_own), prompts=PROMPTS).choose("Garments", ["Bag"], "garments")


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        ("hf-hub:stranger/model", ""),
        ("local-dir:/tmp", ""),
        ("ViT-B-32", "hf-hub:stranger/model"),
        ("ViT-B-32", "model.pt"),
        ("ViT-B-32", "model.bin"),
        ("ViT-B-32", "nowhere.safetensors"),
        ("../ViT-B-32", "laion2b_s34b_b79k"),
    ],
)
def test_open_clip_loads_only_models_that_it_ships(no_network, model, weights):
    with pytest.raises(UsageError) as caught:
        open_clip_model(model, weights)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"clip\.weights=FILE\.safetensors"):
        PretrainedClip(model=model, weights=weights, prompts=PROMPTS).choose("Garments", ["Bag"], "garments")
