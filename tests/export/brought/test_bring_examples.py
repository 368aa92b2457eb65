"""The three scripts of examples/bring_your_own run as they stand, and what they publish answers."""

import json
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples" / "bring_your_own"


@pytest.fixture
def example(monkeypatch, made_table, tmp_path, quick_gate):
    """Runs a script on the made-up rows; the card of what it published."""
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def run(name):
        to = tmp_path / name
        ended = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](made_table, to)
        assert ended in (0, to / "1")
        return json.loads((to / "1/assets.extra/model_card.json").read_text())

    yield run
    for name in ("rows", "elongated"):
        sys.modules.pop(name, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "head", "awkward"),
    [
        (
            "softmax",
            "softmax; told by the last layer's activation, its numbers",
            "as the Keras model does",
        ),
        ("one_sigmoid", "sigmoid; told by the last layer's activation", "as the Keras model does"),
        ("exported_folder", "logits, softmax added; told by --output", "NaN"),
    ],
)
def test_an_example_is_published(example, name, head, awkward):
    card = example(name)
    assert card["brought"]["head"] == head
    assert awkward in card["brought"]["awkward texts"]
    assert card["metrics"]["accuracy"] > 0.85
    assert card["gate"]["forced"] is False
