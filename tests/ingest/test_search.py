"""Questions about scripts that were ingested, answered from the facts of their code."""

from pathlib import Path

import pytest

from diffusionlab.ingest.command import add_ingest
from diffusionlab.ingest.store import script_of
from diffusionlab.registry.manage import cli
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.api import runs, search

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = str(tmp_path_factory.mktemp("registry"))
    assert cli.main(["ingest", str(FIXTURES), "--registry", uri], more=[add_ingest]) == 0
    return uri


def names(uri: str, question: str) -> set[str]:
    return {str(row["name"]).removeprefix("fixtures/") for row in search(question, registry=uri).rows}


def test_scripts_with_linear_attention(uri: str):
    assert names(uri, "which scripts use linear attention") == {"self_attention_that_is_linear.py"}


def test_scripts_by_learning_rate(uri: str):
    assert names(uri, "learning rate above 0.25 and optimizer LBFGS") == {"version_in_markdown.ipynb"}
    found = names(uri, "learning rate above 0.25")
    assert {"one_cycle.py", "autocast_entered.py", "second_loader_for_a_plot.ipynb"} <= found
    assert not {"namespace_settings.py", "argparse_with_arguments_in_the_script.py"} & found


def test_scripts_that_predict_x0(uri: str):
    assert names(uri, "scripts that predict x0") == {"cosine_schedule.py", "diffusion_from_scratch.ipynb"}


def test_vaes_on_faces(uri: str):
    assert names(uri, "VAEs on faces") == {"vae_on_faces.py"}


def test_scripts_on_a_part_of_a_data_set(uri: str):
    assert names(uri, "trained on CIFAR-10 cat/dog") == {"subset_of_classes.py"}


def test_an_answer_has_its_lines(uri: str):
    (run_id,) = [row["run_id"] for row in search("which scripts use linear attention", registry=uri).rows]
    record = Registry(uri).get(run_id)
    assert record is not None
    script = script_of(record)
    assert script is not None
    (fact,) = [fact for fact in script.facets if fact.value == "linear_attention"]
    text = (FIXTURES / "self_attention_that_is_linear.py").read_text().split("\n")
    assert any("softmax(dim=-1) @ context" in text[line - 1] for line in fact.lines if isinstance(line, int))


def test_scripts_are_told_from_runs(uri: str):
    found = runs("kind = script and optimizer = AdamW", registry=uri)
    assert "fixtures/dataclass_settings.py" in {record.name for record in found}
