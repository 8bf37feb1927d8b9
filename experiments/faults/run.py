"""Kill trainings, and see that nothing is lost: `python experiments/faults/run.py kills --count 50`; see README.md."""

import argparse
import json
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import commands
import torch
from safetensors.torch import load_file

SIZES = (  # of the default configuration; all else is as it comes
    "model.channels=[8,16]", "data.num_train=160", "data.num_val=32", "data.num_test=10", "data.batch_size=16",
    "trainer.max_epochs=4", "sampler.num_steps=2", "callbacks.sample_grid.num_samples=10",
    "trainer.enable_progress_bar=false",
)  # fmt: skip
LATENT = (
    "model=conditional_latent_unet", "codec.autoencoder.model.channels=[8,8]", "codec.autoencoder.trainer.max_epochs=2",
)  # fmt: skip
PHASES = ("start-up", "steps", "validation", "checkpointing", "end")
NUM_EPOCHS = 4


def main() -> None:
    """Run one campaign; one line a fault as JSON, then a count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("campaign", choices=("kills", "latent", "twice", "disk", "full"))
    parser.add_argument("--count", type=int, default=50, help="how many faults")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", action="store_true", help="interpreters of their own instead of a fork server")
    parser.add_argument("--tmpdir", type=Path, help="TMPDIR of the trainings, such as a folder on a tmpfs")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        {"kills": kills, "latent": kills, "twice": twice, "disk": disk, "full": full}[arguments.campaign](
            folder, arguments
        )
    finally:
        shutil.rmtree(folder)


def kills(folder: Path, arguments: argparse.Namespace) -> None:
    """Each run is killed in one phase after another, then left to its end and compared with one that was left alone."""
    chance = random.Random(arguments.seed)
    settings = (*SIZES, *(LATENT if arguments.campaign == "latent" else ()))
    env = {"TMPDIR": str(arguments.tmpdir)} if arguments.tmpdir else {}
    commands.run("registry", "--help", folder=folder)  # the fork server has started
    timing = Timing.of(folder / "alone", settings, env)
    counts: Counter[str] = Counter()
    place, killed = folder / "killed", 0
    while killed < arguments.count:
        for phase in PHASES:
            command = commands.start("train", *settings, *_again(place), folder=place, real=arguments.real, env=env)
            struck = strike(command, place, phase, timing, chance)
            problems = disagreements(place)
            report = {"kill": killed, "phase": phase, "struck": struck, "epochs": _num_epochs(place)}
            print(json.dumps(report | {"problems": problems}), flush=True)
            killed += struck
            counts[phase if struck else "ended before the kill"] += 1
            counts["with problems"] += bool(problems)
            if killed == arguments.count or not struck:
                break
        code, text = commands.run("train", *settings, *_again(place), folder=place, env=env)
        different = differences(folder / "alone", place, arguments.campaign == "latent") if code == 0 else [text]
        print(json.dumps({"continued": code, "differs": different, "problems": disagreements(place)}), flush=True)
        counts["runs continued to the same end"] += not different
        counts["runs that differ"] += bool(different)
        shutil.rmtree(place)
    print(json.dumps(counts, indent=1))


class Timing:
    """Seconds that a run left alone takes: `until_recorded` until its run.json, then `training`, then `ending`."""

    def __init__(self, until_recorded: float, training: float, ending: float) -> None:
        self.until_recorded, self.training, self.ending = until_recorded, training, ending

    @classmethod
    def of(cls, folder: Path, settings: tuple[str, ...], env: dict[str, str]) -> "Timing":
        start = time.monotonic()
        command = commands.start("train", *settings, folder=folder, env=env)
        commands.until(lambda: bool(commands.records(folder)), command)
        recorded = time.monotonic()
        commands.until(lambda: _num_epochs(folder) >= NUM_EPOCHS, command)
        trained = time.monotonic()
        code = command.wait()
        assert code == 0, command.text()
        timing = cls(recorded - start, trained - recorded, time.monotonic() - trained)
        print(json.dumps({"left alone": vars(timing)}), flush=True)
        return timing


def strike(command: commands.Command, place: Path, phase: str, timing: Timing, chance: random.Random) -> bool:
    """Kill the command in the phase; False if it ended before."""
    if phase == "start-up":
        commands.until(lambda: False, command, chance.uniform(0, timing.until_recorded))
    elif phase == "steps":
        commands.until(lambda: _is_training(place, command), command)
        commands.until(lambda: False, command, chance.uniform(0, 0.8) * timing.training)
    elif phase == "validation":  # follows the last step of an epoch, and precedes its pictures
        commands.until(lambda: _is_training(place, command), command)
        commands.until(lambda: False, command, chance.uniform(0.2, 1.0) * timing.training / NUM_EPOCHS)
    elif phase == "checkpointing":
        left = chance.randint(1, NUM_EPOCHS)
        commands.until(lambda: _is_writing(place, left), command)
    else:
        commands.until(lambda: _num_epochs(place) >= NUM_EPOCHS, command)
        commands.until(lambda: False, command, chance.uniform(0, timing.ending))
    if not command.is_alive():
        return False
    command.kill()
    return command.code() == -9


def _is_training(place: Path, command: commands.Command) -> bool:
    """Whether the record has what only the built parts know, which is written right before the first step."""
    return any(r["pid"] == command.process.pid and r["num_parameters"] for r in commands.records(place).values())


def _is_writing(place: Path, epoch: int) -> bool:
    temporary = [*(place / "outputs").glob("*/*/checkpoints/.*"), *(place / "outputs").glob("*/*/.weights*")]
    return bool(temporary) and _num_epochs(place) >= epoch - 1


def _num_epochs(place: Path) -> int:
    """Epochs whose row is in the table of the loss by time, which is written just before the checkpoint."""
    files = list((place / "outputs").glob("*/*/logs/loss_by_time.csv"))
    return max(
        (len({line.partition(",")[0] for line in file.read_text().splitlines()[1:]}) for file in files), default=0
    )


def _again(place: Path) -> tuple[str, ...]:
    """What is typed after a kill: ckpt_path=last if the run was recorded, else the same command once more."""
    runs = [record for record in commands.records(place).values() if record["architecture"] != "Autoencoder"]
    return ("ckpt_path=last",) if runs else ()


def disagreements(place: Path) -> list[str]:
    """Where search, list and check do not say what the run folders say, without a rebuild."""
    from diffusionlab.registry.record.liveness import actual_status
    from diffusionlab.registry.record.run_record import RunRecord

    known = commands.records(place)
    wanted = {i: (actual_status(vars(RunRecord.from_json(r))), r["epochs"]) for i, r in known.items()}
    if not wanted:
        return []
    code, text = commands.run("search", "all runs", "--json", folder=place)
    if code != 0:
        return [f"search: {text}"]
    found = {hit["run_id"]: (hit["status"], hit["epochs"]) for hit in json.loads(text)["hits"]}
    problems = [] if found == wanted else [f"search says {found}, the folders {wanted}"]
    code, text = commands.run("registry", "check", folder=place)
    return problems + ([f"check: {text}"] if code else [])


def differences(alone: Path, killed: Path, latent: bool) -> list[str]:
    """In what the run that was killed has not ended as the run left alone."""
    (one,), (other,) = (
        [file.parent for file in (place / "outputs").glob("*/*/run.json")
         if json.loads(file.read_text())["architecture"] != "Autoencoder"]
        for place in (alone, killed)
    )  # fmt: skip
    before, after = (json.loads((folder / "run.json").read_text()) for folder in (one, other))
    different = [key for key in ("metrics", "epochs", "status", "data_hash") if before[key] != after[key]]
    checkpoints = [torch.load(each / "checkpoints/last.ckpt", weights_only=True) for each in (one, other)]
    for key in ("state_dict", "optimizer_states", "lr_schedulers", "global_step"):
        different += [] if _same(*(checkpoint[key] for checkpoint in checkpoints)) else [key]
    different += [] if _same(*(load_file(each / "weights.safetensors") for each in (one, other))) else ["weights"]
    for name in ("samples/latest.png", "logs/loss_by_time.csv"):
        different += [] if (one / name).read_bytes() == (other / name).read_bytes() else [name]
    return different


def _same(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)  # type: ignore[arg-type]
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)  # type: ignore
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))  # type: ignore
    return one == other


def disk(folder: Path, arguments: argparse.Namespace) -> None:
    """A tmpfs (it takes root) of rising size, full at ever later writes; once there is room, the run continues."""
    commands.run("registry", "--help", folder=folder)
    Timing.of(folder / "alone", SIZES, {})
    used = sum(file.stat().st_size for file in (folder / "alone").rglob("*") if file.is_file())
    counts: Counter[str] = Counter()
    for number in range(arguments.count):
        place = folder / "full"
        place.mkdir()
        size = int(used * 1.1 * number / arguments.count) // 4096 * 4096 + 4096
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "faults", place], check=True)
        try:
            code, text = commands.run("train", *SIZES, folder=place, output=folder / "full.out")
            said = [line for line in text.splitlines() if line.startswith("error: ")]
            status = [record["status"] for record in commands.records(place).values()]
            subprocess.run(["mount", "-o", "remount,size=1g", place], check=True)
            problems = [] if "Traceback" not in text else ["traceback"]
            problems += disagreements(place)
            again, text = commands.run("train", *SIZES, *_again(place), folder=place, output=folder / "again.out")
            different = differences(folder / "alone", place, latent=False) if again == 0 else [text]
            line = said[-1].replace(str(place), "") if said else ""
            print(json.dumps({"kB": size // 1000, "code": code, "said": line, "status": status}), flush=True)
            print(json.dumps({"problems": problems, "continued": again, "differs": different}), flush=True)
            counts[f"exit code {code}, {status}"] += 1
            counts["with problems"] += bool(problems) + (len(said) != (code != 0))
            counts["continued to the same end"] += not different
        finally:
            subprocess.run(["umount", place], check=True)
            place.rmdir()
    print(json.dumps(counts, indent=1))


WRITES = {  # of the run that SIZES describes: file, and how often it is written
    ".owner.json": 1, "uncommitted.diff": 1, "run.json": 3, "runs.arrow": 1, "loss_by_time.csv": 4, "last.ckpt": 4,
    "weights.safetensors": 4, "step_0000040.png": 2, "latest.png": 2, "report.html": 1,
}  # fmt: skip


def full(folder: Path, arguments: argparse.Namespace) -> None:
    """On a tmpfs (it takes root) that is full from one write on, each write in turn; then the run continues."""
    commands.run("registry", "--help", folder=folder)
    Timing.of(folder / "alone", SIZES, {})
    counts: Counter[str] = Counter()
    for name in [f"{name}:{number}" for name, times in WRITES.items() for number in range(1, times + 1)]:
        place = folder / "full"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "faults", place], check=True)
        try:
            env = {commands.FULL_AT: name}
            code, text = commands.run("train", *SIZES, folder=place, env=env, output=folder / "full.out")
            struck = (place / commands.BALLAST).is_file()
            said = [line.replace(str(place), "") for line in text.splitlines() if "No space" in line]
            status = [record["status"] for record in commands.records(place).values()]
            problems = [] if "Traceback" not in text else ["traceback"]
            (place / commands.BALLAST).unlink(missing_ok=True)
            problems += disagreements(place)
            again = (0, "") if status == ["finished"] else commands.run("train", *SIZES, *_again(place), folder=place)
            different = differences(folder / "alone", place, latent=False) if again[0] == 0 else [again[1]]
            print(
                json.dumps({"full at": name, "struck": struck, "code": code, "status": status, "said": said}),
                flush=True,
            )
            print(json.dumps({"problems": problems, "continued": again[0], "differs": different}), flush=True)
            counts["struck"] += struck
            counts["with problems"] += bool(problems)
            counts["the same end"] += not different
        finally:
            subprocess.run(["umount", place], check=True)
            place.rmdir()
    print(json.dumps(counts, indent=1))


def twice(folder: Path, arguments: argparse.Namespace) -> None:
    """A run is killed, and two commands continue it at once: one trains, the other is refused."""
    counts: Counter[str] = Counter()
    for number in range(arguments.count):
        place = folder / str(number)
        command = commands.start("train", *SIZES, folder=place)
        commands.until(lambda place=place: _num_epochs(place) >= 1, command)
        command.kill()
        both = [commands.start("train", *SIZES, "ckpt_path=last", folder=place) for _ in range(2)]
        codes = sorted(each.wait() for each in both)
        (record,) = commands.records(place).values()
        counts[f"exit codes {codes}, {record['status']}"] += 1
        print(json.dumps({"codes": codes, "record": record["status"], "problems": disagreements(place)}), flush=True)
    print(json.dumps(counts, indent=1))


if __name__ == "__main__":
    main()
