"""Pages of runs: complete, self-contained, and safe whatever the runs are called."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from diffusionlab.registry.manage.cli import main
from diffusionlab.registry.record.describe import describe
from diffusionlab.registry.record.run_record import RunRecord, read_record, write_record
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.command import add_reports
from diffusionlab.report.gallery import short_protocols
from diffusionlab.report.images import data_uri
from diffusionlab.report.run_page import write_report
from diffusionlab.visualization.style import new_figure, save_figure
from tests.conftest import ROOT, Lab
from tests.report.folders import Page, assert_stands_alone, measured, run_folder, square

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "\"><img src=x onerror='alert(3)'>",
    "{{ 7 * 7 }} ${7*7} <!-- ",
    "\u202egnol si eman siht\u2066 שלום مرحبا 👩\u200d🚀",
    "../../../etc/passwd",
    "long" * 500,
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def report(*arguments: str) -> int:
    return main(["report", *arguments], more=[add_reports])


def as_uri(file: Path) -> str:
    return data_uri(file.read_bytes(), f"image/{file.suffix[1:]}")


def test_a_training_ends_with_its_page(lab: Lab, capsys: pytest.CaptureFixture):
    folder = lab.train("name=a run of mine")
    said = capsys.readouterr().out
    assert f"report   {(folder / 'report.html').relative_to(lab.root)}" in said
    page, record = Page.read(folder / "report.html"), read_record(folder)
    assert_stands_alone(page)
    assert page.one("h1").text == "a run of mine" and record.command and record.command in page.text
    assert f"{record.metrics['val_loss']:.4g}" in page.one("dl").text
    assert [image.attributes["src"] for image in page.all("img")] == [
        as_uri(folder / f"samples/step_{record.steps:07d}.png"),
        as_uri(folder / f"samples/panels/step_{record.steps:07d}.png"),
    ]
    assert f"{record.steps} steps" in page.text
    assert {"Loss log scale", "Loss"} & {heading.text.strip() for heading in page.all("h3")}
    for fact in ("channels", "8, 16", "UNet", "stem: Conv2d", "torch", record.data_hash or "-"):
        assert fact in page.text


def test_a_training_that_fails_has_a_page_and_a_page_that_fails_stops_no_training(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with pytest.raises(Exception, match="loss became nan"):
        lab.train("optimizer.lr=1e30", "trainer.gradient_clip_val=null", name="diverged")
    diverged = lab.root / "outputs/2026-01-01/diverged"
    page = Page.read(diverged / "report.html")
    assert page.all("span", class_="status failed") and (read_record(diverged).notes or "-") in page.text

    monkeypatch.setattr("diffusionlab.report.page.TEMPLATES", Path("nowhere"))
    folder = lab.train(name="b")
    assert read_record(folder).status == "finished" and not (folder / "report.html").exists()
    warned = [one.getMessage() for one in caplog.records if "no report" in one.getMessage()]
    assert len(warned) == 1 and "\n" not in warned[0]


def test_whatever_a_run_is_called_it_is_text(tmp_path: Path, capsys: pytest.CaptureFixture):
    registry = Registry()
    folders = []
    for number, text in enumerate(HOSTILE):
        folder = run_folder(
            tmp_path,
            f"id {number}{text}",
            name=text,
            notes=text,
            tags=[text],
            dataset=text,
            status=text,
            description=text,
            command=text,
            sweep=text,
            architecture=text,
            metrics={text: 1.0},
            config={"data": {"class_names": [text], text: text}, text: {"_target_": text}},
            packages={text: text},
            layers=[text],
            sources={"name": text},
            extra={text: text},
        )
        name = text.replace(",", "").replace('"', "").replace("\n", " ")
        (folder / "logs/version_0/metrics.csv").write_text(f"epoch,step,{name}\n0,0,1\n0,5,2\n")
        folders.append(folder)
        registry.upsert(read_record(folder))
        write_report(folder)
        page = Page.read(folder / "report.html")
        assert_stands_alone(page)
        said = text if number != 4 else text.replace("\u202e", " ").replace("\u2066", " ").replace("\u200d", " ")
        assert page.one("h1").text == said and f"{said} · id" in page.one("title").text
        assert all(word in page.text for word in said.split())
    assert report(*map(str, folders)) == 0
    assert_stands_alone(Page.read(next(Path("outputs").glob("comparison*.html"))))
    assert report() == 0
    gallery = Page.read(Path("outputs/gallery.html"))
    assert_stands_alone(gallery, links={f"../run{number}/report.html": folder for number, folder in enumerate(folders)})
    assert len(gallery.all("li", class_="card")) == len(HOSTILE) == len(gallery.data())
    written = {path for path in tmp_path.rglob("*.html")}
    assert written == {folder / "report.html" for folder in folders} | {*tmp_path.glob("outputs/*.html")}


def test_pictures_come_from_the_runs_own_folder_alone(tmp_path: Path):
    secret = square(tmp_path / "secret.png", 3, (33, 33))
    folder = run_folder(tmp_path, epochs=(), thumbnail="../secret.png")
    (folder / "pictures").mkdir()
    (folder / "pictures/link.png").symlink_to(secret)
    own = square(folder / "pictures/noise_<b>levels.png", 4)
    (folder / "pictures/broken.png").write_bytes(b"no picture")
    page = Page.read(write_report(folder))
    assert [image.attributes["src"] for image in page.all("img")] == [as_uri(own)]
    assert page.one("img").attributes["alt"] == "Noise <b>levels"

    # an import may name any path, and one that is a run's folder, too: pictures are of the run that lies there
    claim = {"path": str(folder), "name": "x", "thumbnail": "pictures/broken.png"}
    Registry().upsert([RunRecord(run_id="other", **claim), RunRecord(run_id="none", **claim | {"path": "/etc"})])
    for run_id in ("other", "none"):
        assert report(run_id, "--output", f"{run_id}.html") == 0
        assert not Page.read(Path(f"{run_id}.html")).all("img")
    assert report() == 0 and not Page.read(Path("outputs/gallery.html")).all("img")


def test_figures_stand_under_their_protocol(tmp_path: Path):
    recorded = {"inception, 5000 samples": {"fid": 12.0, "kid": 0.01, "fid/Bag": 3.0, "fid/Coat": 4.0}}
    facts = {"evaluations": recorded, "protocol": "inception, 5000 samples", "metrics": {"fid": 12.0, "kid_low": 1.0}}
    folder = measured(run_folder(tmp_path, **facts))
    (folder / "evaluations/broken.json").write_text("{")
    (folder / "evaluations/odd.json").write_text('{"protocol": "odd", "metrics": {"fid": NaN, "kid": "x"}, "floor": 3}')
    page = Page.read(write_report(folder))
    assert_stands_alone(page)
    first, *others = [article.text.strip().splitlines()[0] for article in page.all("article")]
    assert first == "inception, 5000 samples" and {name.partition(",")[0] for name in others} == {
        "odd", "classifier", "sampled_000"
    }  # fmt: skip
    rows = page.rows()  # where both have a row of that name, the one below
    assert rows["FID"] == ["21.3", "1.9"] and rows["precision"] == ["0.7", "0.96"]
    assert rows["KID, 95 % interval"] == ["0.012 [0.01,\u00a00.014]", "0.0001 [-0.0003,\u00a00.0004]"]
    assert rows["classifier accuracy"] == ["0.75", "0.97"] and rows["share memorized"] == ["0.01", "0.05"]
    assert rows["Coat"] == ["4"] and rows["T-shirt/top"] == ["30", "0.8"]
    assert page.text.count("Fewer than 2,000 samples") == 1
    assert "clip local, seed 0" in page.text and [term.text for term in page.all("dt")][:1] == ["FID"]
    assert "of the weights after 1,200 steps" in page.text
    nearest = page.one("img", alt="samples beside their nearest training images")
    assert nearest.attributes["src"] == as_uri(folder / "evaluations/one.png")


def test_figures_that_are_not_recorded_stand_last_and_say_so(tmp_path: Path):
    folder = measured(run_folder(tmp_path))
    one = json.loads((folder / "evaluations/one.json").read_text())
    earlier = one | {"step": 600, "metrics": one["metrics"] | {"fid": 99.0}}
    (folder / "evaluations/earlier.json").write_text(json.dumps(earlier))  # of the same protocol, and first by its name
    shown = [article.text for article in Page.read(write_report(folder)).all("article")]
    assert "21.3" in shown[0] and "1,200 steps" in shown[0] and "earlier weights" not in shown[0]
    assert "99" in shown[1] and "600 steps" in shown[1] and "Of earlier weights" in shown[1]

    record = read_record(folder)
    record.forget_evaluations()  # as when a training begins
    write_record(record, folder)
    assert all("Of earlier weights" in article.text for article in Page.read(write_report(folder)).all("article")[:2])


def test_a_picture_says_itself_what_it_shows(tmp_path: Path):
    folder = run_folder(tmp_path, epochs=())
    info = PngInfo()
    info.add_text("Title", "Noise <b>schedules")
    info.add_text("Description", "How fast each gives up & where.")
    (folder / "pictures").mkdir()
    Image.new("L", (9, 9)).save(folder / "pictures/schedules.png", pnginfo=info)
    Image.new("L", (9, 9)).save(folder / "pictures/gif.gif", comment=b"One sample of every class.")
    page = Page.read(write_report(folder))
    assert "Noise <b>schedules" in [heading.text for heading in page.all("h3")]
    assert [one.text for one in page.all("p", class_="caption")] == [
        "How fast each gives up & where.", "One sample of every class."
    ]  # fmt: skip


def test_a_picture_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = run_folder(tmp_path)
    square(folder / "pictures/huge.png", size=(700, 700))
    monkeypatch.setattr("diffusionlab.report.images.LARGEST", 1500)
    page = Page.read(write_report(folder))
    assert "pictures/huge.png is too large" in page.text and len(page.all("img")) == 3


def test_a_comparison_says_what_differs_and_draws_curves_over_each_other(tmp_path: Path, capsys: pytest.CaptureFixture):
    first = run_folder(tmp_path, "20260101-000000-aaaaaa", lr=1e-3, seed=1)
    second = run_folder(
        tmp_path, "20260102-000000-bbbbbb", lr=3e-4, metrics={"val_loss": 0.18}, layers=["stem: Linear(3)"]
    )
    assert report(str(first), str(second), "--output", "both.html") == 0
    assert capsys.readouterr().out == "both.html\n"
    page = Page.read(Path("both.html"))
    assert_stands_alone(page)
    rows = page.rows()
    assert rows["lr"] == ["0.001", "0.0003"] and rows["val_loss"] == ["0.19", "0.18"] and rows["seed"] == ["1", "-"]
    assert [cell.text for cell in page.all("td", class_="best")] == ["0.18"]
    assert "batch_size" not in rows and [one.text for one in page.all("ins")][-1] == "+stem: Linear(3)"
    assert [len(page.data(number)) for number in range(4)] == [2, 4, 2, 2]  # a line a run; of single steps another
    assert page.one("h1").text == "2 runs compared"
    assert "a run aaaaaa" in page.text and "a run bbbbbb" in page.text
    assert len(page.all("img")) == 2


def test_comparisons_of_other_runs_do_not_overwrite_each_other(tmp_path: Path, capsys: pytest.CaptureFixture):
    ids = ["a", "b/../b", "c", "d", "e", "f"]
    folders = [str(run_folder(tmp_path, run_id)) for run_id in ids]
    for chosen in (folders[:2], folders[1:3], folders[:5], folders[1:]):
        assert report(*chosen) == 0
    pages = capsys.readouterr().out.split()
    assert len({*pages}) == 4 and {Path(page).parent for page in pages} == {Path("outputs")}
    for run_id in ("x", "y"):
        Registry().upsert(RunRecord(run_id=run_id, name=run_id))
        assert report(run_id) == 0
    assert capsys.readouterr().out.split() == ["outputs/report_x.html", "outputs/report_y.html"]


def test_no_title_stands_twice_and_no_cell_is_empty(tmp_path: Path):
    folder = run_folder(tmp_path, dataset="Fashion-MNIST", config={"notes": "", "name": "a_long_name", "seed": None})
    figure = new_figure("Learning curves", 2)
    (folder / "pictures").mkdir()
    save_figure(figure, folder / "pictures/curves", ["png"], title="Learning curves", caption="Falling.", source="a")
    square(folder / "pictures/mine.png")
    page = Page.read(write_report(folder))
    headings = [heading.text for heading in page.all("h3")]
    assert "Mine" in headings and "Learning curves" not in headings and "Falling." in page.text
    settings = page.rows()
    assert settings["notes"] == ["-"] and settings["seed"] == ["-"] and settings["name"] == ["a_long_name"]
    assert "fashionmnist" not in describe(read_record(folder))


def test_distances_of_two_protocols_are_not_ranked(tmp_path: Path):
    folders = [
        run_folder(tmp_path, run_id, metrics={"fid": fid}, protocol=protocol)
        for run_id, fid, protocol in (("a", 3.0, "inception"), ("b", 2.0, "inception"), ("c", 1.0, "clip"))
    ]
    for runs, best in ((folders[:2], ["2"]), (folders, [])):
        assert report(*map(str, runs), "--output", "page.html") == 0
        assert [cell.text for cell in Page.read(Path("page.html")).all("td", class_="best")] == best


def denoising(**loss) -> dict:
    return {"loss": {"_target_": "diffusionlab.diffusion.DenoisingLoss", **loss}}


DENOISER = {"parameterization": "v", "schedule": "cosine", "dataset": "MNIST", "config": denoising()}


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": "Fashion-MNIST"},
        {"parameterization": "epsilon"},
        {"schedule": "linear"},
        {"image_size": 64},
        {"config": {"loss": {"_target_": "diffusionlab.training.AutoencoderLoss"}}},
        {"config": denoising(weighting="edm")},
        {"config": denoising(weighting="min_snr", min_snr_gamma=5.0)},
        {"config": denoising(times={"kind": "logit_normal"})},
        {"config": denoising() | {"codec": {"autoencoder": {"model": {}}}}},
    ],
    ids=str,
)
def test_losses_that_do_not_compare_are_not_ranked(tmp_path: Path, other: dict):
    def best(*facts):
        folders = [
            run_folder(
                tmp_path / str(len(facts)) / str(facts[-1] == DENOISER), f"{n}", metrics={"val_loss": 0.1 + n}, **of_run
            )
            for n, of_run in enumerate(facts)
        ]
        assert report(*map(str, folders), "--output", "page.html") == 0
        return [cell.text for cell in Page.read(Path("page.html")).all("td", class_="best")]

    assert best(DENOISER, DENOISER | other) == []
    assert best(DENOISER, DENOISER) == ["0.1"]


def test_the_gallery_sorts_by_losses_of_one_objective(tmp_path: Path):
    weightings = {"uniform": 0.1, "edm": 0.2}
    for weighting, loss in weightings.items():
        facts = DENOISER | {"config": denoising(weighting=weighting)}
        folder = run_folder(tmp_path, weighting, metrics={"val_loss": loss}, **facts)
        Registry().upsert(read_record(folder))
    assert report("--output", "all.html") == 0
    sorted_by = [metric for one in Page.read(Path("all.html")).data() for metric in one["metrics"]]
    assert len(set(sorted_by)) == 2 and all(metric.startswith("val_loss, v on cosine") for metric in sorted_by)


def test_a_setting_that_a_column_holds_is_told_once(tmp_path: Path):
    folders = [run_folder(tmp_path, f"{lr}", lr=lr, config={"optimizer": {"lr": lr, "eps": lr}}) for lr in (1e-3, 3e-4)]
    assert report(*map(str, folders), "--output", "page.html") == 0
    rows = Page.read(Path("page.html")).rows()
    assert rows["lr"] == ["0.001", "0.0003"] and "optimizer.lr" not in rows and "optimizer.eps" in rows


def test_a_gallery_of_imports_and_folders(tmp_path: Path):
    evaluated = {"evaluations": {"inception": {"fid": 12.0, "fid/Bag": 3.0}}, "protocol": "inception"}
    folder = run_folder(tmp_path, metrics={"val_loss": 0.5, "fid": 12.0}, **evaluated)
    write_report(folder)
    registry = Registry()
    registry.upsert(read_record(folder))
    imported = {"name": "imported", "status": "failed", "metrics": {"fid": 3.0}}
    registry.upsert([RunRecord(run_id=f"run-{number}", **imported) for number in range(3)])
    assert report("--output", "deep/all.html") == 0
    page = Page.read(Path("deep/all.html"))
    assert_stands_alone(page, links={"../run0/report.html": folder})
    assert page.one("a", href="../run0/report.html").text == "a run"
    assert (Path("deep") / "../run0/report.html").resolve() == folder / "report.html"
    facts = page.data()
    assert [one["created"] is None for one in facts] == [False, True, True, True]
    assert facts[0]["metrics"] == {"fid, inception": 12.0, "val_loss": 0.5}
    assert {option.text for option in page.all("option")} >= {"lowest fid, inception", "lowest fid", "lowest val_loss"}
    assert {"garments", "unet", "finished"} <= set(facts[0]["words"].replace(",", "").split())
    small = page.one("img").attributes
    assert small["src"].startswith("data:image/webp") and len(small["src"]) < 3000


def test_cards_say_what_differs_why_a_run_ended_and_all_of_its_tags(tmp_path: Path):
    tags = [f"tag{number}" for number in range(8)]
    protocol = "classifier-1-56b06146, 2000 samples against Garments train (8bde6464), DDIM eta=0 50 steps, guidance 2"
    of_two = {"protocol": protocol, "evaluations": {protocol: {"fid": 2.0}}, "metrics": {"fid": 2.0}}
    Registry().upsert(
        [
            RunRecord(run_id="a b", name="a_b", lr=1e-3, seed=0, batch_size=64, seconds=61.0, tags=tags, **of_two),
            RunRecord(run_id="b", name="b", lr=2e-3, seed=1, batch_size=64, status="failed", reason="no <room>"),
        ]
    )
    assert report() == 0
    page = Page.read(Path("outputs/gallery.html"))
    settings = [one.text for one in page.all("dl", class_="settings-of")]
    assert len(settings) == 2 and "lr0.001" in settings[0] and "time61 s" in settings[0] and "lr0.002" in settings[1]
    assert "batch" not in "".join(settings) and "seed1" in settings[1]
    assert "no <room>" in page.one("div", class_="warning").text
    assert {*tags} <= {chip.text for chip in page.all("button", class_="chip own")}
    assert page.one("div", title=protocol).text == "classifier, 2000 samples, DDIM 50 steps, guidance 2"
    assert [one["typed"] for one in page.data()] == ["'a b'", "b"]


def test_two_protocols_with_one_short_name_keep_their_own():
    long = [f"clip-1-{digit * 8}, 9 samples, DDIM eta=0 5 steps, guidance 2" for digit in "ab"]
    rows = [{"protocol": None, "evaluations": {name: {} for name in long}}]
    assert short_protocols(rows) == {name: name for name in long}
    assert short_protocols([{"protocol": long[0], "evaluations": {}}]) == {
        long[0]: "clip, 9 samples, DDIM 5 steps, guidance 2"
    }


def test_many_runs_share_a_bounded_number_of_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folders = [run_folder(tmp_path, f"run-{number}") for number in range(4)]
    Registry().upsert([read_record(folder) for folder in folders])
    monkeypatch.setattr("diffusionlab.report.gallery.PIXELS", 100_000)
    assert report() == 0
    sizes = [image.attributes for image in Page.read(Path("outputs/gallery.html")).all("img")]
    pixels = [int(size["width"]) * int(size["height"]) for size in sizes]
    assert len(pixels) == 4 and sum(pixels) == pytest.approx(100_000, rel=0.02)


def test_what_cannot_be_shown_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert report("nothing") == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ") and said.err.count("\n") == 1 and not said.out
    bare = run_folder(tmp_path, logged="", epochs=(), config={}, layers=[], command=None)
    page = Page.read(write_report(bare))
    assert "not known" in page.text and not page.all("svg") and not page.all("img")


def test_the_command_is_quick_to_start_and_stands_in_the_help(tmp_path: Path):
    folder = run_folder(tmp_path)
    code = (
        "import sys, json; from diffusionlab.registry.manage.cli import main;"
        "from diffusionlab.report.command import add_reports;"
        f"main(['report', {str(folder)!r}], more=[add_reports]); print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    path, modules = done.stdout.splitlines()
    assert Path(path).absolute() == folder / "report.html"
    assert not {"torch", "pytorch_lightning", "hydra", "omegaconf", "pandas", "matplotlib", "lancedb"} & {
        *json.loads(modules)
    }
    told = subprocess.run([sys.executable, ROOT / "registry.py", "--help"], capture_output=True, text=True, check=True)
    assert "report" in told.stdout
