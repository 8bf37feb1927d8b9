"""The words of the question language: what each phrase means, keyed by its letters alone.

A key is `squeeze`d ("U-Net", "u net", "unet" and "U_NET" are one), so spelling is no concern of the grammar.
A meaning is (kind, payload); `parse.py` reads a question as a sequence of them. Values come from the
registry's own vocabulary (canonical.py, facets.py); here are only the further ways in which people say them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from diffusionlab.registry.canonical import VOCABULARY, squeeze
from diffusionlab.registry.facets import FACETS

Meaning = tuple[str, Any]

FIELDS: dict[str, str] = {
    "lr": "lr, learning rate, learning rates, lrs, step size",
    "batch_size": "batch size, batch, bs, batches, batch sizes, mini batch, minibatch, mini batch size, batchsize",
    "epochs": "epochs, epoch, number of epochs, num epochs, training epochs, epoch count",
    "num_parameters": "parameters, parameter, params, param, parameter count, number of parameters, num params, "
    "size, sizes, model size, network size, parameter counts, num parameters, trainable parameters, param count",
    "image_size": "image size, resolution, resolutions, pixels, pixel, px, image resolution, image sizes, img size, "
    "side length, pixels wide",
    "size_bytes": (
        "file size, disk size, disk space, size on disk, disk usage, checkpoint size, storage, bytes, disk, on disk"
    ),
    "seconds": "duration, runtime, run time, training time, wall time, wall clock, wall clock time, time, durations, "
    "train time, hours of training",
    "images_per_second": "throughput, images per second, imgs per second, img s, images s, speed, training speed, "
    "samples per second",
    "flops": "flops, flop, gflops, compute",
    "seed": "seed, random seed, seeds",
    "fid": "fid, fids, fid score, frechet inception distance, fréchet inception distance, frechet distance, fid value, "
    "fid scores",
    "kid": "kid, kid score, kernel inception distance",
    "val_loss": (
        "val loss, validation loss, valloss, eval loss, loss, losses, validation losses, test loss, val "
        "losses, "
        "validation error, final loss, validation"
    ),
    "train_loss": "train loss, training loss, train losses, training losses",
    "dataset": "dataset, datasets, data set, data sets, training data, training set, data",
    "optimizer": "optimizer, optimiser, optimizers, optimisers, optim",
    "hardware_kind": "hardware, device, devices, accelerator, accelerators, machine, machines, hw",
    "schedule": "schedule, sch, noise schedule, schedules, noise schedules, scheduler, beta schedule, noise scheduler",
    "parameterization": "parameterization, parametrization, parameterisation, parametrisation, prediction, "
    "prediction type, prediction target, predictions, objective, target, parameterizations, objectives, "
    "prediction types",
    "sampler": "sampler, samplers, solver, solvers, sampling method",
    "precision": "precision, numeric precision",
    "framework": "framework, frameworks, framework version",
    "status": "status, state, statuses",
    "architecture": "architecture, architectures, arch, backbone, backbones, network type, model type",
    "description": "description, descriptions",
    "notes": "notes, note",
    "tags": "tag, tags",
    "sweep": "sweep, sweeps",
    "host": "host, hostname, server, node name",
    "git_commit": "git commit, commit",
    "config_hash": "config hash",
    "data_hash": "data hash",
    "parent_run": "parent, parent run",
    "metrics": "metrics, metric, any metric, any metrics, metrics recorded",
    "name": "name, names",
    "protocol": "protocol, protocols, evaluation protocol, evaluation protocols",
    "path": "path, folder",
}
"""Column -> the ways to name it."""

COMPARATORS: dict[str, str] = {
    "<": "below, under, less than, lower than, smaller than, fewer than, beneath, less, shorter than, lesser than, "
    "not as high as, cheaper than, inferior to, lighter than, sub",
    ">": "over, above, more than, greater than, higher than, larger than, bigger than, exceeding, exceeds, exceed, "
    "beyond, upwards of, in excess of, longer than, larger, bigger, exceeded, heavier than, surpassing",
    "<=": "at most, no more than, not more than, up to, maximum of, max of, no higher than, no greater than, "
    "no larger than, not over, not above, not exceeding, at the most, a maximum of, no bigger than, not higher than, "
    "not larger than, not greater than, no longer than, not bigger than, capped at, does not exceed, not exceed, "
    "smaller or equal to, smaller than or equal to, less than or equal to, lower than or equal to, equal "
    "to or less than, "
    "equal or below, at or below, at or under, at or less than, equal to or below, below or equal to, "
    "less than or equal, smaller than or equal, lower than or equal, lte, le, or less than",
    ">=": "at least, no less than, not less than, no fewer than, not fewer than, minimum of, min of, a minimum of, "
    "not below, not under, no lower than, no smaller than, not lower than, not smaller than, at the least, "
    "greater than or equal to, more than or equal to, higher than or equal to, equal to or more than, "
    "greater than or equal, more than or equal, higher than or equal, larger than or equal, "
    "larger than or equal to, at or above, at or over, equal to or greater than, above or equal to, "
    "equal to or above, gte, ge",
    "=": "exactly, equal to, equals, equal, precisely, is exactly",
    "~": "about, around, approximately, roughly, approx, circa, nearly, near, ca, close to",
    "best": "better than, beating, beats, beat, outperforming, outperforms, outperform, superior to",
    "worst": "worse than",
}
OPERATOR_SIGNS = {
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "=": "=",
    "==": "=",
    "≤": "<=",
    "≥": ">=",
    "!=": "!=",
    "<>": "!=",
    "≠": "!=",
    "~": "~",
    "≈": "~",
}
AFTERWARDS = {
    ">=": "or more, or higher, or greater, or larger, or above, or over, or bigger, and more, and above, "
    "and up, or longer, upwards, and higher, or up, and over, minimum, at minimum, at least",
    "<=": "or less, or fewer, or lower, or smaller, or below, or under, and below, and less, or shorter, "
    "and under, maximum, tops, at most, at maximum",
}

NEGATIONS: dict[str, str] = {
    "not": "not, non, isnt, arent, doesnt, dont, didnt, wasnt, werent, hasnt, havent, nor, never, cannot, cant, "
    "isn't, aren't, doesn't, don't, didn't, wasn't, weren't, hasn't, haven't, can't, isnot, rather than, "
    "instead of, !, "
    "wont, won't",
    "without": "without, no, w o, lacking, lack, lacks, missing, excluding, exclude, excludes, except, except for, "
    "except on, other than, apart from, aside from, besides, neither, neither of, neither on, all but, anything but, "
    "everything but, none of, minus, sans, leaving out, leave out, omitting, omit, ignoring, ignore, skipping, "
    "different from, with no, but no, and no, nothing on, nothing from, nothing with, exept, "
    "any other than, outside of, outside, everything except, "
    "anything except, excepting, free of, devoid of, avoiding, avoid, that lack, not any",
}
CONNECTORS = {
    "and": "and, plus, as well as, along with, together with, also, both, including, &",
    "or": "or, either, and or, any of, one of, |",
    "but": "but, yet, though, although, however, whereas, while",
    "vs": "vs, versus, against, v s, compared to, compared with, as opposed to",
    "nor": "nor",
}
CARRIERS = (  # words after which a negation no longer reaches: "without attention on MNIST"
    "with, on, using, use, uses, used, having, has, have, had, in, that use, trained, train, trained on, that are, "
    "which are, that were, that have, which have, employ, employing, employs, via, through, by, from, "
    "where, whose, whose"
)

# word -> (direction, the column when none is named). Direction: best, worst (by the column), low, high.
SUPERLATIVES: dict[str, tuple[str, str | None]] = {
    **dict.fromkeys(
        (
            "best",
            "top",
            "bestperforming",
            "topperforming",
            "bestscoring",
            "strongest",
            "mostaccurate",
            "mostsuccessful",
            "leading",
            "highestquality",
            "bestquality",
            "bestrated",
            "winning",
            "winner",
            "champion",
            "finest",
            "optimal",
            "performsbest",
            "performedbest",
            "didbest",
            "scoredbest",
            "worksbest",
            "workedbest",
            "performbest",
            "runnerup",
        ),
        ("best", None),
    ),
    **dict.fromkeys(
        (
            "worst",
            "poorest",
            "worstperforming",
            "weakest",
            "leastaccurate",
            "lowestquality",
            "bottom",
            "didworst",
            "performedworst",
        ),
        ("worst", None),
    ),
    **dict.fromkeys(("lowest", "minimum", "min", "minimal", "least", "fewest"), ("low", None)),
    **dict.fromkeys(("highest", "maximum", "max", "greatest", "most", "maximal"), ("high", None)),
    **dict.fromkeys(
        ("smallest", "tiniest", "lightest", "mostcompact", "littlest", "leastheavy"), ("low", "num_parameters")
    ),
    **dict.fromkeys(("cheapest", "leastexpensive"), ("low", "num_parameters")),
    **dict.fromkeys(("mostexpensive",), ("high", "num_parameters")),
    **dict.fromkeys(("largest", "biggest", "heaviest", "hugest"), ("high", "num_parameters")),
    **dict.fromkeys(("fastest", "quickest"), ("best", "speed")),
    **dict.fromkeys(("slowest",), ("worst", "speed")),
    **dict.fromkeys(("longest", "longestrunning", "longesttraining"), ("high", "seconds")),
    **dict.fromkeys(("shortest", "briefest"), ("low", "seconds")),
    **dict.fromkeys(
        (
            "newest",
            "latest",
            "mostrecent",
            "mostrecently",
            "youngest",
            "last",
            "recent",
            "recently",
            "verylast",
            "lately",
            "final",
            "verylatest",
            "mostrecentlycreated",
        ),
        ("high", "created_at"),
    ),
    **dict.fromkeys(
        ("oldest", "earliest", "first", "veryfirst", "longestago", "leastrecent", "leastrecently"),
        ("low", "created_at"),
    ),
}
POSITIONAL = {"first", "last", "final"}  # superlatives only before "run", "3 runs" and the like

NOUNS = [
    "run",
    "models",
    "model",
    "runs",
    "experiments",
    "experiment",
    "training",
    "trainings",
    "trial",
    "trials",
    "network",
    "networks",
    "result",
    "results",
    "one",
    "ones",
    "job",
    "jobs",
    "checkpoint",
    "checkpoints",
    "denoiser",
    "denoisers",
    "entry",
    "entries",
    "row",
    "rows",
    "attempt",
    "attempts",
    "diffusionmodel",
    "diffusionmodels",
    "session",
    "sessions",
    "architecture",
    "architectures",
    "net",
    "nets",
    "system",
    "systems",
    "setup",
    "setups",
    "configuration",
    "configurations",
    "config",
    "configs",
    "generator",
    "generators",
]

STATUSES: dict[str, str] = {
    "finished": "finished, completed, complete, done, successful, succeeded, succeed, successfully, finish, finishes, "
    "successes, completes, ended well, terminated normally, success, completing, finishing, concluded",
    "failed": (
        "failed, fail, failing, fails, failure, failures, errored, went wrong, broken, broke, error, errors, "
        "errored out, "
        "with an error"
    ),
    "crashed": "crashed, crash, crashes, died, dead, crashing",
    "running": "running, in progress, ongoing, still training, currently training, still running, active, is training, "
    "are training, still going, going on, "
    "still in progress, under way, underway, currently running, live, being trained, right now training, in flight, "
    "not yet finished, not finished yet, not yet done",
    "interrupted": "interrupted, aborted, cancelled, canceled, killed, stopped, stopped early, cut short, interrupt",
}
NOT_FINISHED = "unfinished, incomplete, uncompleted"
UNSUCCESSFUL = "unsuccessful, unsuccessfully, did not succeed"

FACET_WORDS: dict[str, str] = {
    "unet": "u nets, unet style, unet like, unet based",
    "cnn": "conv nets, convnets, convolution, convolutions, convolutional nets, convolutional networks, convs, conv, "
    "convolutional neural networks, convolutional neural nets, cnn based",
    "mlp": "perceptron, perceptrons, fully connected network, fully connected networks, multi layer perceptrons, "
    "multilayer perceptrons, feedforward, feed forward",
    "transformer": "vits, transformer based, vision transformers",
    "dit": "dits, diffusion vit",
    "resnet": "residual networks, resnets, residual net, residual nets",
    "residual": "residual connections, residual block, residual layers",
    "attention": "attention layers, self attentive, attentive, attention blocks, attention block, attention layer",
    "linear_attention": "linear attention layers, linear self attention, linear cost attention, linear time attention, "
    "efficient attention, linearized attention, linearised attention, attention of linear cost",
    "conditional": "conditioning, condition, conditioned, class conditioning, label conditional, label conditioning, "
    "label conditioned, class labels, conditionally, conditions, class label, class conditionally",
    "cfg": "classifier free, guidance scale, classifierfree, cf guidance",
    "styled": "style conditioning, conditioned on style, conditioned on the style, style labels, style label, "
    "with style, with styles, with a style, styles, stylised, stylized, styled",
    "latent": "ldms, latents, latent diffusion models, latent diffusion model, latent models, latent space models, "
    "compressed latent",
    "autoencoder": "auto encoders, autoencoding, auto encoding, aes",
    "vae": "vaes, variational autoencoders",
}
NOT_FACET = {
    "conditional": "unconditional, unconditioned, nonconditional, unconditionally, class agnostic, label free",
    "attention": "attention free, attentionless, nonattention",
    "latent": "pixel space, pixelspace, nonlatent, in pixel space, image space, pixel level",
    "cfg": "unguided, guidance free",
    "cnn": "nonconvolutional",
}
FULL_ATTENTION = (
    "full attention, plain attention, vanilla attention, standard attention, normal attention, full self attention, "
    "softmax attention, quadratic attention, ordinary attention, regular attention"
)

VALUE_WORDS: dict[tuple[str, str], str] = {
    (
        "parameterization",
        "epsilon",
    ): (
        "predict noise, predicts the noise, predict the noise, predicting noise, epsilon predicting, eps "
        "predicting, predicting the noise, "
        "noise predicting, eps pred, epsilon pred, predict epsilon, predicts epsilon, predicting epsilon, "
        "predicted noise, epsilons"
    ),
    ("parameterization", "v"): "v pred, v parameterization, v parametrization, v objective, v target, velocity target, "
    "velocity parameterization, predict velocity, predicting velocity, predicts velocity, predict v, "
    "predicts v, predicted v, predicted velocity, velocity predicting, "
    "predicting v, v param, v parameterisation, v predicting, v predictions, velocity predictions",
    (
        "parameterization",
        "x0",
    ): (
        "x0 pred, x0 target, predict x0, predicts x0, predicting x0, predicted x0, x0 predicting, predict "
        "the clean image, "
        "predicts the clean image, predicting the clean image, predicting clean images, x 0, clean image prediction, "
        "predict clean images, x0 parameterization, clean image"
    ),
    ("parameterization", "flow"): "flows, rectified flows, flow prediction, flow models, flow based, flow model",
    ("parameterization", "consistency"): "consistency training, consistency distillation",
    ("schedule", "linear"): "linear schedule, linear noise schedule, linear noise, linearly, linear schedules",
    ("schedule", "cosine"): "cosine schedule, cosine noise schedule, cosine noise, cosine schedules, cosines",
    ("schedule", "karras"): "karras schedule, karras noise schedule, karras sigmas, edm schedule",
    ("sampler", "heun"): "heun solver, heun sampler",
    ("hardware_kind", "cpu"): "cpu, cpus, processor, cpu only, without a gpu, without gpu, no gpu, without gpus",
    ("hardware_kind", "mps"): "mps, apple silicon, apple gpu, metal, macbook, mac, macs",
    (
        "hardware_kind",
        "gpu",
    ): "gpu, gpus, graphics card, graphics cards, cuda device, cuda gpu, nvidia, graphics processor, "
    "nvidia gpu, nvidia gpus, gpu accelerated",
    ("optimizer", "SGD"): "sgds, plain sgd, vanilla sgd, momentum sgd, sgd with momentum",
    ("optimizer", "Adam"): "plain adam, vanilla adam, ordinary adam, regular adam",
}
DATASET_WORDS: dict[str, tuple[str, ...]] = {  # what the pictures show -> data sets of it
    "faces, face, celebrities, celebrity, celeb, portraits, human faces, people": ("CelebA", "CelebA-HQ", "FFHQ"),
    "digits, digit, handwritten digits, handwriting, numerals, handwritten": ("MNIST", "Digits"),
    "clothes, clothing, garments, garment, apparel, fashion items, sneakers, shoes, shirts": ("Fashion-MNIST",),
    "cats, dogs, pets, pet, animals, cat, dog, dogs and cats, dog cat, dogs cats, dogs vs cats, dogs versus cats, "
    "cats versus dogs, cat versus dog, dog and cat, cats or dogs, cat or dog, cats dogs, cifar subset, "
    "subset of cifar 10, "
    "subset of cifar, cifar10 subset, cifar cat dog, cifar cats and dogs, cat and dogs, cifar catdog, "
    "cat dog subset, cats and dogs subset, catdog subset, two class cifar, cifar 10 cat dog, "
    "cats and dogs from cifar, cats and dogs of cifar 10": ("CIFAR-10 cat/dog",),
    "plain mnist, regular mnist, original mnist, the mnist, mnist proper, classic mnist": ("MNIST",),
    "full cifar, full cifar 10, whole cifar 10, entire cifar 10, all of cifar 10, complete cifar 10, "
    "cifar 10 proper, cifar tens, "
    "ten class cifar": ("CIFAR-10",),
    "celeba faces": ("CelebA",),
}

TEXT_SYNONYMS: dict[str, tuple[str, ...]] = {  # phrase -> other ways in which a description says it
    "out of memory": ("out of memory", "oom"),
    "oom": ("oom", "out of memory"),
    "ran out of memory": ("out of memory", "oom"),
    "memory error": ("out of memory", "oom"),
    "run out of memory": ("out of memory", "oom"),
    "ema": ("ema", "moving average"),
    "moving average": ("moving average", "ema"),
    "exponential moving average": ("moving average", "ema"),
    "weight averaging": ("moving average", "ema"),
    "averaged weights": ("moving average", "ema"),
    "moving averages": ("moving average", "ema"),
    "diverged": ("diverged", "nan"),
    "diverge": ("diverged", "nan"),
    "diverging": ("diverged", "nan"),
    **dict.fromkeys(
        ("divergence", "did not converge", "didnt converge", "not converge", "failed to converge", "blew up"),
        ("diverged", "nan"),
    ),
    "exploded": ("diverged", "nan", "exploded"),
    "nan": ("nan",),
    "min snr": ("min snr",),
    "batch norm": ("batch norm",),
    "layer norm": ("layer norm",),
    "second order": ("second order",),
    "first stage": ("first stage",),
    "one step": ("one step",),
    "single step": ("single step", "one step"),
    "few step": ("few step", "one step"),
    "skip connections": ("skip connections",),
    "still improving": ("improving",),
    "power failure": ("power",),
    "rebooted": ("rebooted",),
    "reboot": ("rebooted",),
    "class switch": ("class switch",),
    "first step": ("first step",),
    "other noise schedule": ("other noise schedule",),
}

GPU_FAMILIES: dict[str, tuple[str, ...]] = {  # name -> how the kinds of it begin
    "hopper": ("h100", "h200", "gh200"),
    "ampere": ("a100", "a10", "a30", "a40", "rtx-30"),
    "blackwell": ("b100", "b200", "gb200", "rtx-50"),
    "ada lovelace": ("l4", "rtx-40"),
    "data center, datacenter, data centre, datacentre, server grade": (
        "a100",
        "h100",
        "h200",
        "gh200",
        "b100",
        "b200",
        "gb200",
        "v100",
        "p100",
        "a10",
        "a30",
        "a40",
        "l4",
        "t4",
        "mi",
    ),
}
_CARDS = ("", " gpu", " gpus", " card", " cards")

COMPARE = (
    "compare, comparison, comparing, comparisons, difference, differences, differ, differs, contrast, "
    "how different, distinguish, changed between, distinguishes, side by side, diff"
)
COUNT = "how many, number of, count, count of, total number of, the number of, how often, counts, tally, quantity of"
LIKE = (
    "like, similar to, similar, resembling, resemble, resembles, comparable to, nearest to, closest to, neighbours of, "
    "neighbors of, most similar to, look like, looks like, most like, alike, akin to, similarly to, much "
    "like, similar as, close to, closest"
)
AVERAGE = {"mean": "average, mean, avg, on average, typical", "median": "median", "sum": "sum of, sum"}
SORTED = (
    "sorted by, sort by, ordered by, order by, ranked by, rank by, ranking by, in order of, ordered, sorted, ranked, "
    "sort, rank, ranking, arranged by, listed by, leaderboard"
)
BY = (
    "by, in terms of, according to, with respect to, wrt, w r t, based on, measured by, judged by, regarding, "
    "when it comes to, as measured by, concerning"
)
MODIFIED = (
    "modified, updated, changed, touched, edited, last modified, last updated, last changed, modification, update, "
    "modification date, modify, updates, modifications, last edited, last touched, rewritten, revised, altered, "
    "most recently modified, recently modified, recently updated"
)
CREATED = (
    "created, started, launched, began, made, kicked off, creation, creation date, start date, dated, trained, "
    "begun, create, built, submitted, made, started training, produced, date, recorded, logged, initiated"
)
GROUPED = (
    "per, for each, for every, of each, in each, by each, each, grouped by, on each, on every, within each, "
    "in every, every"
)


def _phrases(text: str) -> list[str]:
    return [squeeze(part.replace("&", "ampersand").replace("!", "exclamation")) for part in text.split(",")]


@cache
def phrases() -> dict[str, Meaning]:
    """Squeezed phrase -> meaning. Later entries win over earlier ones."""
    table: dict[str, Meaning] = {}

    def add(text: str, kind: str, payload: Any) -> None:
        table.update({key: (kind, payload) for key in _phrases(text) if key})

    for column, values in VOCABULARY.items():
        if column == "status":
            continue
        for value, others in values.items():
            names = [value, *others] if value != "none" else []
            for name in names:
                if (
                    len(squeeze(name)) > 2
                    and not squeeze(name).isdigit()
                    and squeeze(name) not in ("half", "cos", "extendedmnist")
                ):
                    table[squeeze(name)] = ("value", (column, (value,)))
    for words, datasets in DATASET_WORDS.items():
        add(words, "value", ("dataset", datasets))
    for (column, value), words in VALUE_WORDS.items():
        add(words, "value", (column, (value,)))
    for facet, others in FACETS.items():
        add(", ".join([facet, *others]), "facet", facet)
    for facet, words in FACET_WORDS.items():
        add(words, "facet", facet)
    for facet, words in NOT_FACET.items():
        add(words, "not facet", facet)
    add(FULL_ATTENTION, "full attention", None)
    for status, words in STATUSES.items():
        add(words, "value", ("status", (status,)))
    add(NOT_FINISHED, "not finished", None)
    add(UNSUCCESSFUL, "unsuccessful", None)
    for column, words in FIELDS.items():
        add(words, "field", column)
    for operator, words in COMPARATORS.items():
        add(words, "comparator", operator)
    for operator, words in AFTERWARDS.items():
        for key in _phrases(words):
            table.setdefault(key, ("afterwards", operator))
    for strength, words in NEGATIONS.items():
        add(words, "not", strength)
    for word, words in CONNECTORS.items():
        add(words, "connector", word)
    add(CARRIERS, "carrier", None)
    for word, payload in SUPERLATIVES.items():
        table[word] = ("superlative", (*payload, word))
    for word in NOUNS:
        table[word] = ("noun", word)
    for name, words in (
        ("compare", COMPARE),
        ("count", COUNT),
        ("like", LIKE),
        ("sorted", SORTED),
        ("by", BY),
        ("per", GROUPED),
    ):
        add(words, name, None)
    for name, words in AVERAGE.items():
        add(words, "average", name)
    add(MODIFIED, "moment", "modified_at")
    add(CREATED, "moment", "created_at")
    for phrase, others in TEXT_SYNONYMS.items():
        table[squeeze(phrase)] = ("text", others)
    add("same, identical, equal, as many, as few, as much", "same", None)
    add("nothing but, nothing except, solely, exclusively", "carrier", None)
    add("with or without, with and without, with vs without, with versus without", "either way", None)
    add("but not both, not both, but not both of them, exclusively one of", "not both", None)
    add(
        "rtx, rtxs, rtx card, rtx cards, rtx gpu, rtx gpus, geforce, consumer gpu, consumer gpus, "
        "consumer card, consumer cards, "
        "gaming gpu, gaming gpus, consumer hardware",
        "family",
        ("rtx",),
    )
    for family, kinds in GPU_FAMILIES.items():
        add(", ".join(f"{name.strip()}{tail}" for name in family.split(",") for tail in _CARDS), "family", kinds)
    add(
        "multi gpu, multiple gpus, several gpus, more than one gpu, many gpus, multigpu, multiple devices",
        "multi",
        None,
    )
    add("single gpu, one gpu, a single gpu, just one gpu, only one gpu, a lone gpu", "single gpu", None)
    add("as, than", "than", None)
    add(
        "between, ranging from, in the range, in the range of, anywhere between, ranging between, from", "between", None
    )
    add("to, through, until, up to, till", "to", None)
    add(
        "ascending, increasing, asc, from low to high, lowest first, smallest first, from smallest to "
        "largest, best first, low to high, lowest to highest, smallest to largest, best to worst",
        "order",
        False,
    )
    add(
        "descending, decreasing, desc, from high to low, highest first, largest first, reverse, worst first, "
        "high to low, highest to lowest, largest to smallest, worst to best",
        "order",
        True,
    )
    add(
        "newest first, latest first, most recent first, newest to oldest, latest to earliest, new to old",
        "chronological",
        True,
    )
    add(
        "oldest first, earliest first, oldest to newest, oldest to latest, earliest to latest, old to new, "
        "oldest to most recent, chronologically, chronological order, in chronological order",
        "chronological",
        False,
    )
    add(
        "unknown, missing, undefined, null, not available, unavailable, not known, not recorded, not "
        "set, absent, na, not measured, "
        "not reported, empty, blank, not computed",
        "unknown",
        None,
    )
    add("known, measured, reported, available, recorded, defined, computed", "known", None)
    table["missing"] = ("not", "without")
    table["single digit"] = table["singledigit"] = ("digits", (0, 10))
    table["doubledigit"] = ("digits", (10, 100))
    table["tripledigit"] = ("digits", (100, 1000))
    for tens, word in enumerate(("twenties", "thirties", "forties", "fifties", "sixties", "seventies"), 2):
        table[word] = ("digits", (10 * tens, 10 * tens + 10))
    table["up to".replace(" ", "")] = ("comparator", "<=")
    return table


@cache
def longest() -> int:
    """Letters in the longest phrase; a span longer than that means nothing."""
    return max(map(len, phrases()))


@cache
def spellable() -> frozenset[str]:
    """Single words to which a misspelt one may be repaired, in a fixed order by the caller."""
    kinds = (
        "facet",
        "not facet",
        "value",
        "field",
        "superlative",
        "moment",
        "noun",
        "compare",
        "comparator",
        "not",
        "count",
        "average",
        "sorted",
        "not finished",
        "unsuccessful",
    )
    words = {key for key, (kind, _) in phrases().items() if kind in kinds and key.isalpha() and len(key) >= 4}
    for column in VOCABULARY.values():
        words |= {w for names in column for w in re.findall(r"[a-z]{4,}", names.lower())}
    for text in (*FIELDS.values(), *FACET_WORDS.values(), *VALUE_WORDS.values(), *DATASET_WORDS, *OFTEN_MISSPELT):
        words |= set(re.findall(r"[a-z]{4,}", text.lower()))
    stubs = {squeeze(p) for text in VALUE_WORDS.values() for p in text.split(",") if len(p.split()[-1]) == 1}
    return frozenset(words - stubs)  # "predictv" is no word to which "predict" may be repaired


OFTEN_MISSPELT = (
    "below above least most fewer greater larger smaller under between exactly approximately",
    "january february march april june july august september october november december monday tuesday "
    "wednesday thursday "
    "friday saturday sunday yesterday today fall christmas week month quarter year spring summer autumn "
    "winter diffusion models",
)
