"""A table of two rows, and what must have become of it."""

import pytest
from length_model import expected

from serving import messages

TABLE = "id,text\n1,a\n2,bb\n"
LABELS = ("negative", "neutral", "positive")
HEADER = "id,text,label,score,known,probability_negative,probability_neutral,probability_positive"


def names(folder):
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def check(content):
    """The table of `TABLE` with its sentiments."""
    first, *rows = content.splitlines()
    assert first == HEADER
    assert [row.split(",")[:2] for row in rows] == [["1", "a"], ["2", "bb"]]
    for row in rows:
        assert row.split(",")[4] == ""  # this model does not tell what it knows
        found = [float(cell) for cell in row.split(",")[5:]]
        assert found == pytest.approx(expected(row.split(",")[1], 3), abs=1e-6)


def class_names(labels=LABELS, version=3):
    """An answer to a Classify of one text, in bytes."""
    response = messages.ClassificationResponse()
    response.model_spec.version.value = version
    classes = response.result.classifications.add().classes
    for label in labels:
        classes.add(label=label, score=1 / len(labels))
    return response.SerializeToString()


def two_rows():
    """An answer for two texts, in bytes."""
    response = messages.PredictResponse()
    response.model_spec.version.value = 3
    tensor = response.outputs["probabilities"]
    tensor.dtype = 1
    for size in (2, 3):
        tensor.tensor_shape.dim.add(size=size)
    tensor.float_val.extend([0.2, 0.3, 0.5] * 2)
    return response.SerializeToString()
