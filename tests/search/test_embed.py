"""Pictures and words by open_clip, for real: a tiny model with weights of its own, and the failures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.answer.embed import picture_words, thumbnail
from diffusionlab.search.show.cli import main
from tests.search.fixture_runs import records


@pytest.mark.parametrize(
    ("question", "rest", "what"),
    [
        ("runs whose samples look like sneakers", "runs", "sneakers"),
        ("MNIST runs where the generated images resemble a seven?", "MNIST runs", "a seven"),
        ("unets with images of at least 64 pixels", "unets with images of at least 64 pixels", None),
    ],
)
def test_what_is_said_of_pictures_is_taken_out(question, rest, what):
    assert picture_words(question)[0].strip(" ?") == rest
    assert picture_words(question)[1] == what


def test_a_thumbnail_is_never_read_outside_the_run_folder(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "secret.png").write_bytes(b"")
    (tmp_path / "run" / "grid.png").write_bytes(b"")
    assert thumbnail({"path": str(tmp_path / "run"), "thumbnail": "grid.png"}) == tmp_path / "run" / "grid.png"
    assert thumbnail({"path": str(tmp_path / "run"), "thumbnail": "../secret.png"}) is None
    assert thumbnail({"path": str(tmp_path / "run"), "thumbnail": "/etc/passwd"}) is None
    assert thumbnail({"path": str(tmp_path / "run"), "thumbnail": None}) is None


@pytest.mark.slow
def test_missing_weights_are_one_line(registry, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    pytest.importorskip("open_clip")
    for extra in ([], ["search.clip_weights=" + str(tmp_path / "none.safetensors")], ["search.clip_model=ViT-Z"]):
        assert (
            main(
                ["runs whose samples look like shoes", "search.embedder=open_clip", "--registry", registry.uri, *extra]
            )
            == 2
        )
        err = capsys.readouterr().err
        assert err.startswith("error: ") and len(err.splitlines()) == 1 and "search.clip_" in err


@pytest.mark.slow
def test_the_run_whose_grid_is_the_picture_comes_first(tmp_path, capsys):
    open_clip = pytest.importorskip("open_clip")
    import torch
    from safetensors.torch import save_file

    name = "tiny-test-clip"
    config = {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
    }
    (tmp_path / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / f"{name}.json")
    torch.manual_seed(0)
    model = open_clip.create_model(name)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, tmp_path / "weights.safetensors")

    runs = records()[:4]
    rng = np.random.default_rng(0)
    for run in runs[:3]:  # the grid of the fourth is no image
        run.path, run.thumbnail = str(tmp_path / run.run_id), "grid.png"
        (tmp_path / run.run_id).mkdir()
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(tmp_path / run.run_id / "grid.png")
    runs[3].path, runs[3].thumbnail = str(tmp_path), "no.png"
    (tmp_path / "no.png").write_text("no image")
    Registry(tmp_path / "registry").upsert(runs)
    options = [
        "search.embedder=open_clip",
        f"search.clip_model={name}",
        f"search.clip_weights={tmp_path / 'weights.safetensors'}",
        "--registry",
        str(tmp_path / "registry"),
        "--json",
    ]

    assert main(["--image", str(tmp_path / "run-002" / "grid.png"), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["hits"][0]["run_id"] == "run-002" and found["hits"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert len(found["hits"]) == 3 and "1 of 4 runs have no sample grid" in found["warnings"][0]

    assert main(["unets whose samples look like sneakers", *options]) == 0
    assert {hit["run_id"] for hit in json.loads(capsys.readouterr().out)["hits"]} == {"run-002", "run-003"}

    assert main(["--image", str(tmp_path / "no.png"), *options]) == 2
    assert "no.png is not a readable image" in capsys.readouterr().err
