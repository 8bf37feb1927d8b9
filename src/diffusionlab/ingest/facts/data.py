"""What a script learns from: the data set and its part, batches, size and channels of images, augmentation."""

from __future__ import annotations

from diffusionlab.ingest.facts import names
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.iteration import inner
from diffusionlab.ingest.interpret.trace import Event
from diffusionlab.ingest.values import (
    Class,
    Const,
    Instance,
    Map,
    Method,
    Obj,
    Seq,
    Value,
    constant,
    flow_of,
    number,
    options_of,
)


def training_data(scene: Scene) -> list[Value]:
    """What the loops around the updates of weights run over, and what `.fit` is given."""
    found: list[Value] = []
    for loops, _, _ in scene.training_loops:
        for loop in loops:
            if loop.kind == "data" and loop.value is not None:
                found += [inner(one) for one in options_of(loop.value)]
    for event in scene.trace.of(".fit", ".fit_generator", ".train_on_batch"):
        found += [
            inner(one)
            for one in [*event.args[:2], *(event.kwargs[k] for k in ("x", "train_dataloaders") if k in event.kwargs)]
        ]
    return found


def sources(value: Value | None, depth: int = 14, seen: set[int] | None = None) -> list[Obj | Instance]:
    """All objects that a value was made from: the loader, its data set, the transforms in it."""
    seen = set() if seen is None else seen
    found: list[Obj | Instance] = []
    if value is None or depth == 0 or id(value) in seen:
        return found
    seen.add(id(value))
    for one in options_of(value):
        parts: list[Value] = []
        if isinstance(one, Obj):
            found.append(one)
            parts = [*one.args, *one.kwargs.values(), *([one.owner] if one.owner is not None else [])]
        elif isinstance(one, Instance):
            found.append(one)
            parts = [*one.given, *one.attributes.values()]
        elif isinstance(one, Seq):
            parts = one.items[:24]
        elif isinstance(one, Map):
            parts = list(one.items.values())[:48]
        elif isinstance(one, Method):
            parts = [one.owner]
        for part in parts:
            if not isinstance(part, Const):
                found += sources(part, depth - 1, seen)
    return found


class Data:
    """The objects behind the batches that a script trains on."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.loops = training_data(scene)
        self.behind = [one for value in self.loops for one in sources(value)]
        self.ids = {id(one) for one in self.behind}
        self.loaders = [
            one for one in self.behind if isinstance(one, Obj) and one.name in ("DataLoader", "MultiEpochsDataLoader")
        ]
        if not self.loaders:
            self.loaders = self._likely_loaders()
            for loader in self.loaders:
                more = sources(loader)
                self.behind += more
                self.ids |= {id(one) for one in more}

    def _likely_loaders(self) -> list[Obj]:
        """Loaders that are made and handed to something that is not shown: those that shuffle, the first of them."""
        made = [e.result for e in self.scene.trace.named("DataLoader") if isinstance(e.result, Obj) and not e.no_grad]
        shuffled = [one for one in made if constant(one.kwargs.get("shuffle")) is True]
        return (shuffled or made)[:1] if not self.scene.updates or not self.loops else []


def batches(scene: Scene, data: Data, out: Writer) -> None:
    """
    DataLoader(dataset, batch_size=64) in the training loop     -> 64
    model.fit(x, y, batch_size=32)                              -> 32
    dataset.shuffle(1000).batch(64)                             -> 64
    """
    for loader in data.loaders:
        out.tell(
            "batch_size", loader.kwargs.get("batch_size", loader.args[1] if len(loader.args) > 1 else None), loader.site
        )
        sampler = loader.kwargs.get("batch_sampler")
        if isinstance(sampler, Obj):
            out.tell(
                "batch_size",
                sampler.kwargs.get("batch_size", sampler.args[1] if len(sampler.args) > 1 else None),
                sampler.site,
            )
    for event in scene.trace.of(".fit", ".train"):
        out.tell("batch_size", event.first("batch_size"), event.line)
    if out.has("batch_size"):
        return
    for one in data.behind:
        if isinstance(one, Obj) and one.path in (".batch", ".padded_batch", ".flow", ".flow_from_directory"):
            out.tell(
                "batch_size",
                one.kwargs.get("batch_size", one.args[0] if one.args and one.path == ".batch" else None),
                one.site,
            )
        elif isinstance(one, Obj) and one.name in ("image_dataset_from_directory", "TrainingArguments", "get_dataset"):
            out.tell("batch_size", one.kwargs.get("batch_size"), one.site)
    for event in scene.trace.events:
        if event.name in ("TrainingArguments", "Seq2SeqTrainingArguments"):
            out.tell("batch_size", event.first("per_device_train_batch_size"), event.line)
    if not out.has("batch_size"):
        _drawn_batches(scene, out)


def _drawn_batches(scene: Scene, out: Writer) -> None:
    """Indices that are drawn in the training loop: np.random.randint(0, n, 64), random.sample(memory, 64)."""
    for event in scene.trace.events:
        if event.no_grad or not any(event.order < update.order for update, _ in scene.updates):
            continue
        drawn = event.path.startswith("numpy.random.") and event.name in ("randint", "choice", "random_integers")
        if drawn and event.loops:
            size = event.first("size") or event.arg("size", 1 if event.name == "choice" else 2)
            if _indexes(scene, event):
                out.tell("batch_size", size, event.line)
        elif event.path == "random.sample":
            out.tell("batch_size", event.arg("k", 1), event.line)


def _indexes(scene: Scene, event: Event) -> bool:
    """Whether the numbers that are drawn pick items of the data."""
    tag = next((tag for tag in flow_of(event.result).tags if isinstance(tag, tuple) and tag[0] == "randint"), None)
    return tag is None or any(tag in flow_of(one).tags for item in scene.trace.of("item") for one in item.args)


def data_set(scene: Scene, data: Data, out: Writer) -> None:
    """
    torchvision.datasets.FashionMNIST(train=True)               -> Fashion-MNIST
    keras.datasets.cifar10.load_data(), tfds.load("mnist")      -> CIFAR-10, MNIST
    load_dataset("huggan/smithsonian_butterflies_subset")       -> Smithsonian Butterflies
    indices with targets == 3 or 5                              -> CIFAR-10 cat/dog
    ImageFolder("data/celeba")                                  -> CelebA, from the path
    """
    found: list[tuple[str, tuple[int, ...], Event]] = []
    for event in scene.trace.events:
        name = _library_set(event)
        if name is not None and not event.no_grad:
            found.append((name, (event.line,), event))
    found += _own_sets(scene)
    used = [one for one in found if id(one[2].result) in data.ids and not _is_test(one[2])]
    train = [one for one in found if not _is_test(one[2]) and not in_a_figure(one[2])]
    chosen = used or train or found
    if len({name for name, _, _ in chosen}) > 1 and all(event.unsure for _, _, event in chosen):
        out.ask("dataset")  # an option decides which of them
        return
    for name, lines, event in chosen:
        part, more = _part(scene, event, name)
        import_lines = tuple(
            line
            for module, line in scene.trace.imports
            if module.startswith(event.path.rsplit(".", 1)[0]) and event.path.count(".") > 2
        )
        out.say("dataset", f"{name} {part}".strip(), (*lines, *more, *import_lines[:1]))
        if part:
            out.say("subset", part, more)
    if not chosen:
        _folders(scene, data, out)


def _own_sets(scene: Scene) -> list[tuple[str, tuple[int, ...], Event]]:
    """Classes of the file that derive from a data set of a library."""
    found: list[tuple[str, tuple[int, ...], Event]] = []
    for event in scene.trace.of("new"):
        if not isinstance(event.owner, Class):
            continue
        for base in event.owner.library_bases():
            name = names.canonical(base.rsplit(".", 1)[-1]) if ".datasets." in base else None
            if name is not None:
                found.append((name, (event.line, *event.owner.lines), event))
    return found


def _library_set(event: Event) -> str | None:
    """The data set that a call of a library reads, None for other calls."""
    path, name = event.path, event.name
    if path.startswith("torchvision.datasets.") or (path.startswith("datasets.") and name[:1].isupper()):
        return names.canonical(name)
    if name == "load_data" and len(path.split(".")) > 2:
        return names.canonical(path.split(".")[-2])
    if name == "read_data_sets" or path.endswith("input_data.read_data_sets"):
        return "MNIST"
    if name in ("load_dataset", "load", "builder") and path.split(".")[0] in (
        "datasets",
        "tensorflow_datasets",
        "tfds",
    ):
        given = constant(event.arg("path" if name == "load_dataset" else "name", 0))
        return _named(given) if isinstance(given, str) else None
    if name in ("fetch_lfw_people", "fetch_olivetti_faces", "load_digits"):
        return {"fetch_lfw_people": "LFW", "fetch_olivetti_faces": "Olivetti Faces", "load_digits": "Digits"}[name]
    if name == "fetch_openml":
        given = constant(event.arg("name", 0))
        return names.canonical(given.split("_")[0]) or names.canonical(given) if isinstance(given, str) else None
    if path.startswith("medmnist.") and name[:1].isupper():
        return name
    return None


def _named(given: str) -> str | None:
    if given in ("imagefolder", "csv", "json", "parquet", "image_folder"):
        return None
    last = given.split("/")[-1].split(":")[0]
    return names.canonical(last) or names.canonical(last.split("-")[0]) or last


def _is_test(event: Event) -> bool:
    if constant(event.first("train")) is False or constant(event.arg("train", 1)) is False:
        return True
    split = constant(event.first("split"))
    return isinstance(split, str) and split.startswith(("test", "val", "extra", "unlabeled"))


def in_a_figure(event: Event) -> bool:
    return any(
        word in frame.lower() for frame in event.frames for word in ("visuali", "plot", "evaluate", "sample", "fid")
    )


def _folders(scene: Scene, data: Data, out: Writer) -> None:
    """Folders of images, whose path may name the set."""
    for event in scene.trace.events:
        if event.name in (
            "ImageFolder",
            "image_dataset_from_directory",
            "flow_from_directory",
            "DatasetFolder",
            "load_dataset",
        ):
            for value in [event.first("root", "directory", "data_dir", "path"), *event.args[:1]]:
                for one in options_of(value):
                    found = names.of_path(one.value) if isinstance(one, Const) and isinstance(one.value, str) else None
                    if found and isinstance(one, Const):
                        out.say("dataset", found, (*one.lines, event.line), via="a name in the path of a folder")


def _part(scene: Scene, event: Event, name: str) -> tuple[str, tuple[int, ...]]:
    """The classes that are kept of a set, from comparisons of its labels with class numbers or names."""
    classes = names.CLASS_NAMES.get(name)
    if classes is None:
        return "", ()
    found: dict[int, int] = {}
    for test in scene.trace.of("compare", "numpy.isin", "torch.isin", "op.sub"):
        if test.path == "op.sub" or not any(_labels_of(one, event.result) for one in test.args):
            continue
        for one in test.args:
            items = one.items if isinstance(one, Seq) else [one]
            for item in items:
                value = number(item) if item is not None and item.lines else None  # a loop counter has no line
                if value is not None and value == int(value) and 0 <= value < len(classes):
                    found.setdefault(int(value), test.line)
    if not 0 < len(found) < len(classes):
        return "", ()
    words = [classes[i] for i in sorted(found, key=lambda i: (found[i], i))]
    return "/".join(words), tuple(dict.fromkeys(found.values()))


def _labels_of(value: Value, dataset: Value) -> bool:
    """Whether a value is a label of the data set: `.targets`, or the second part of its items."""
    chain: Value | None = value
    for _ in range(8):
        if isinstance(chain, Method) and chain.name in ("targets", "labels", "train_labels", "_labels"):
            return chain.owner is dataset
        if isinstance(chain, Obj) and chain.owner is dataset:
            return "label" in value.flow.tags
        if isinstance(chain, Obj | Method):
            chain = (
                chain.owner
                if not isinstance(chain, Obj) or chain.owner is not None
                else (chain.args[0] if chain.args else None)
            )
    return "label" in flow_of(value).tags and dataset in _roots(value)


def _roots(value: Value) -> list[Value]:
    found: list[Value] = []
    one: Value | None = value
    for _ in range(10):
        if one is None:
            break
        found.append(one)
        one = one.owner if isinstance(one, Obj | Method) else None
    return found
