"""Each stage of the reading by itself: tokens, numerals, dates, spelling, --where."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from diffusionlab.registry.filters.conditions import Compare, Contains, In, IsNull
from diffusionlab.registry.filters.filter import And, Not, Or
from diffusionlab.search.query.where import parse_where
from diffusionlab.search.query.where_text import format_where
from diffusionlab.search.read.scan import respell
from diffusionlab.search.read.special_filters import IsDiffusion
from diffusionlab.search.read.text import Matches, Mentions
from diffusionlab.search.read.tokens import clean, read_numeral, tokenize
from diffusionlab.search.time.dates import read_when
from tests.search.fixture_runs import NOW

TOKENS = [
    ("fid<=20", "word fid, op <=, number 20"),
    ("val_loss below .02", "word val_loss, word below, number .02"),
    ("CIFAR-10", "word cifar, punct -, number 10"),
    ("2e-4 10^-3 1,000.5", "number 2e-4, number 10^-3, number 1,000.5"),
    ("32x32 on 8x H100", "dim 32x32, word on, number 8, word x, word h100"),
    ("2025-04-09 or 09/2025 at 14:30", "date 2025-04-09, word or, date 09/2025, word at, clock 14:30"),
    ('say "two words"', "word say, quoted two words"),
    ("Adam's lr", "word adam, word lr"),
    ("unet w/ attention", "word unet, word with, word attention"),
    ("lr in [1e-5, 1e-4]", "word lr, word in, word between, number 1e-5, word and, number 1e-4"),
    ("lr -3", "word lr, number -3"),
    ("like mnist-unet-base?", "word like, run mnist-unet-base, punct ?"),
    ("a\x00b\u202ec", "word a, word b, word c"),
]


@pytest.mark.parametrize(("text", "wanted"), TOKENS)
def test_tokens(engine, text, wanted):
    assert ", ".join(f"{t.kind} {t.text}" for t in tokenize(clean(text), engine.known.is_run)) == wanted


NUMERALS = [
    ("twenty-five", 25, None),
    ("one hundred and fifty", 150, None),
    ("half a million", 5e5, "num_parameters"),
    ("5M", 5e6, "num_parameters"),
    ("2.2 billion", 2.2e9, "num_parameters"),
    ("a dozen", 12, None),
    ("a ten-thousandth", 1e-4, None),
    ("two ten-thousandths", 2e-4, None),
    ("half a thousandth", 5e-4, None),
    ("1/1000", 1e-3, None),
    ("ten to the minus three", 1e-3, None),
    ("2 times 10 to the power of -4", 2e-4, None),
    ("3x10^-4", 3e-4, None),
    ("4.4KB", 4400, "size_bytes"),
    ("2 GiB", 2 * 2**30, "size_bytes"),
    ("90 minutes", 5400, "seconds"),
    ("two days", 2 * 86400, "seconds"),
    ("64 px", 64, "image_size"),
]


@pytest.mark.parametrize(("text", "value", "column"), NUMERALS)
def test_numerals(text, value, column):
    tokens = tokenize(clean(text))
    found = read_numeral(tokens, 0, text)
    assert found is not None and found.after == len(tokens)
    assert (found.number.value, found.number.column) == (pytest.approx(value), column)


@pytest.mark.parametrize("text", ["runs", "a model", "one model", "may", ""])
def test_words_that_are_no_numerals(text):
    assert read_numeral(tokenize(text), 0, text) is None


def _day(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


DATES = [  # as of Wednesday, 18 June 2025, noon
    ("march 2025", "2025-03-01", "2025-04-01"),
    ("april", "2025-04-01", "2025-05-01"),
    ("november", "2024-11-01", "2024-12-01"),
    ("since march", "2025-03-01", None),
    ("after 1 may 2025", "2025-05-02", None),
    ("before february 3rd, 2025", None, "2025-02-03"),
    ("until the end of january", None, "2025-02-01"),
    ("q2 2025", "2025-04-01", "2025-07-01"),
    ("second half of april", "2025-04-16", "2025-05-01"),
    ("last week", "2025-06-09", "2025-06-16"),
    ("the last 3 days", "2025-06-15T12:00", "2025-06-18T12:00:01"),
    ("yesterday", "2025-06-17", "2025-06-18"),
    ("two weeks ago", "2025-06-02", "2025-06-09"),
    ("between march and may 2025", "2025-03-01", "2025-06-01"),
    ("from 1 april to 15 april 2025", "2025-04-01", "2025-04-16"),
    ("last winter", "2024-12-01", "2025-03-01"),
    ("2025-04-09", "2025-04-09", "2025-04-10"),
    ("2025-w24", "2025-06-09", "2025-06-16"),
    ("monday", "2025-06-16", "2025-06-17"),
    ("older than 6 months", None, "2024-12-18T12:00"),
    ("half a year ago or older", None, "2025-01-01"),
]


@pytest.mark.parametrize(("text", "start", "stop"), DATES)
def test_dates(text, start, stop):
    found = read_when(text, 0, NOW)
    assert found is not None and found.end == len(text)
    assert found.ranges == ((_day(start), _day(stop)),)


@pytest.mark.parametrize("text", ["cifar-10", "2e-4", "may", "march", "500 epochs", "31 february 2025", "2025-99-99"])
def test_what_is_no_date(text):
    found = read_when(text, 0, NOW)
    assert found is None or found.end < len(text)


SPELLINGS = [
    ("unett on mnsit", "unet on mnist"),
    ("fashon mnist", "fashion mnist"),
    ("condtional trasformers", "conditional transformers"),
    ("runs from Febuary", "runs from february"),
    ("unett, attenion and FID", "unet, attention and FID"),
    ("learing rate", "learning rate"),
    ("AdamP", "AdamP"),
    ("RNNs in small letters", "RNNs in small letters"),
    ("mnist-unet-base", "mnist-unet-base"),
    ("ViT-G", "ViT-G"),
    ("runs on MNIST", "runs on MNIST"),
]


@pytest.mark.parametrize(("text", "wanted"), SPELLINGS)
def test_spelling(engine, text, wanted):
    better, notes = respell(text, engine.known)
    assert better == wanted
    assert bool(notes) == (text != wanted)


WHERE = [
    ("fid < 20", Compare("fid", "<", 20)),
    ("unet and not conditional", And(Contains("arch_tags", "unet"), Not(Contains("arch_tags", "conditional")))),
    ("params >= 5M", Compare("num_parameters", ">=", 5_000_000)),
    ("lr between 1e-4 and 3e-4", And(Compare("lr", ">=", 1e-4), Compare("lr", "<=", 3e-4))),
    ("optimizer in (Adam, AdamW)", In("optimizer", ("Adam", "AdamW"))),
    ("dataset = mnist or dataset = cifar10", Or(Compare("dataset", "=", "MNIST"), Compare("dataset", "=", "CIFAR-10"))),
    ("fid is unknown", IsNull("fid")),
    ("fid is known", Not(IsNull("fid"))),
    ("fid is not known", IsNull("fid")),
    ("hardware = 4090", Compare("hardware_kind", "=", "rtx-4090")),
    ('text ~ "moving average"', Mentions(("moving average",))),
    ('text ~ (oom, "out of memory")', Mentions(("oom", "out of memory"))),
    ("text ~ /out of (memory|space)/", Matches("out of (memory|space)")),
    ("command ~ /a\\/b/ and unet", And(Matches("a\\/b", "command"), Contains("arch_tags", "unet"))),
    ("layers ~ GroupNorm", Mentions(("GroupNorm",), "layers")),
    ("diffusion and not gan", And(IsDiffusion(), Not(Contains("arch_tags", "gan")))),
    ("name ~ cifar", Mentions(("cifar",), "name")),
    ("optimizer != AdamW", Compare("optimizer", "!=", "AdamW")),
    ("metrics.fid < 5", Compare("metrics.fid", "<", 5)),
    ("anything", And()),
    ("nothing", Or()),
    (
        "created >= 2025-04 and created < 2025-04-30",
        And(Compare("created_at", ">=", _day("2025-04-01")), Compare("created_at", "<", _day("2025-04-30"))),
    ),
    (
        'created = "last week"',
        And(Compare("created_at", ">=", _day("2025-06-09")), Compare("created_at", "<", _day("2025-06-16"))),
    ),
]


@pytest.mark.parametrize(("text", "wanted"), WHERE)
def test_where(engine, text, wanted):
    found = parse_where(text, engine.known, NOW)
    assert found == wanted
    assert parse_where(format_where(found, engine.known), engine.known, NOW) == found


@pytest.mark.parametrize(
    "text",
    ["", "fid <", "fid < twenty", "(fid < 20", "fid < 20 and", "fidd < 20", "uneet", "fid is good", "lr between 1",
     "optimizer in Adam", "fid ~ 5", "text ~ /(/", "created > someday", "fid < 20; drop table", "'"],
)  # fmt: skip
def test_where_refuses_in_one_line(engine, text):
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        parse_where(text, engine.known, NOW)
