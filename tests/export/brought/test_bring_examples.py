"""The three scripts of examples/bring_your_own, and the lines of bring_your_own.md, run as they stand."""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest
from zoo import sequential

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "bring_your_own"


@pytest.fixture
def example(monkeypatch, made_table, tmp_path):
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


@pytest.mark.slow
def test_the_lines_of_the_document_export_a_model(rows_of, tmp_path, monkeypatch):
    rows = rows_of("sequential")
    model = sequential(rows.texts.tolist(), tmp_path)
    model.fit(rows.texts, rows.labels, epochs=8, verbose=0)
    text = (ROOT / "docs" / "bring_your_own.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    given = {"model": model, "texts": rows.split.texts, "class_ids": rows.split.labels}
    monkeypatch.chdir(tmp_path)
    exec(code, given)  # noqa: S102 (our own document)
    assert given["path"].samefile(tmp_path / "models/theirs/1")
