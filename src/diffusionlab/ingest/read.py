"""From a file to its facts: text, tree, trace, rules."""

from __future__ import annotations

import re
from pathlib import Path

from diffusionlab.ingest.facts import (
    architecture,
    averages,
    data,
    diffusion,
    facets,
    images,
    losses,
    named,
    noise,
    optimization,
    running,
)
from diffusionlab.ingest.facts.scene import Scene
from diffusionlab.ingest.facts.writer import Writer
from diffusionlab.ingest.interpret.machine import run_program
from diffusionlab.ingest.project import Project
from diffusionlab.ingest.record import FACETS, FIELDS, Fact, Script
from diffusionlab.ingest.source import Source, UnreadableFile, digest, read_source
from diffusionlab.ingest.syntax import parse
from diffusionlab.ingest.versions import layers, sketch


def read_script(path: Path, name: str | None = None) -> Script:
    """The facts of a script or notebook. `name` is how the record calls the file (its path by default).

    Never raises for what stands in a file: what cannot be read is the `error` of the record, in one line.
    """
    shown = name if name is not None else str(path)
    try:
        source = read_source(path)
    except UnreadableFile as error:
        return Script(shown, digest(path) or "", str(error))
    return facts_of(source, shown)


def facts_of(source: Source, name: str) -> Script:
    tree, error = parse(source.text)
    project = Project(source)
    trace, _ = run_program(tree, project.load, project.read_data)
    scene, out = Scene(trace), Writer(project.place)
    behind = data.Data(scene)
    running.framework(scene, source, out)
    architecture.architecture(scene, out)
    data.data_set(scene, behind, out)
    architecture.class_count(scene, out)
    images.image_sizes(scene, behind, out)
    data.batches(scene, behind, out)
    optimization.optimizers(scene, out)
    optimization.schedules(scene, out)
    optimization.durations(scene, out)
    noise.schedule(scene, out)
    diffusion.prediction(scene, out)
    averages.averaged_weights(scene, out)
    averages.guidance(scene, out)
    losses.losses(scene, out)
    running.device(scene, out)
    running.precision(scene, out)
    running.seeds(scene, out)
    running.outputs(scene, out)
    named.named_settings(scene, out)
    facets.facets(scene, out)
    built = {str(fact.value) for field in ("architecture", "helper_modules") for fact in out.facts.get(field, [])}
    return Script(
        name,
        source.sha256,
        _error(error, source),
        [Fact(word, out.places(tuple(out.facets[word]))) for word in FACETS if word in out.facets],
        {field: out.facts[field] for field in FIELDS if field in out.facts},
        [field for field in out.depends if field not in out.facts],
        out.conflicts,
        [(text, source.place(line)) for text, line in layers(tree, built)],
        sketch(source.text),
    )


def _error(error: str | None, source: Source) -> str | None:
    """The error with the place that its line has in a notebook."""
    if error is None or not source.places:
        return error
    return re.sub(r"line (\d+)\)$", lambda match: f"cell {source.place(int(match[1]))})", error)
