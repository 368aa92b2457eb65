"""A run's temperature: found on its validation part, in its model's last layer, told in its record."""

import json

import numpy as np
import pytest

from keras_pipeline.fit.words import word_scores
from keras_pipeline.model import load_model
from keras_pipeline.train import main

OPTIONS = ("--batch-size", "32", "--no-export", "--no-early-stopping")
GOOD, BAD = ["lovely", "great", "sunny", "happy"], ["awful", "bad", "rainy", "sad"]


def write_table(path, rows=1_500):
    """Words that tell the label in eight of ten rows: whoever learns them by heart is too sure."""
    generator = np.random.default_rng(1)
    lines = ["text,sentiment"]
    for number in range(rows):
        label = number % 2
        words = (GOOD, BAD)[label if generator.random() < 0.8 else 1 - label]
        # Digits would be cleaned away, and rows with the same words would be twins.
        name = "".join(generator.choice(list("abcdefghij"), 8))
        lines.append(f"{' '.join(generator.choice(words, 3))} {name},{'np'[label]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("scores", ["--word-scores", "--no-word-scores"])
def test_a_run_keeps_its_temperature_and_answers_in_the_same_order_as_without(
    scores, tmp_path, tiny_options, capsys
):
    table = write_table(tmp_path / "table.csv")
    options = [*tiny_options, *OPTIONS, "--data", str(table), scores]
    answers = {}
    for choice in ("--calibrated", "--no-calibrated"):
        run = tmp_path / choice.strip("-")
        assert main([*options, choice, "--output", str(run)]) == 0
        told = json.loads((run / "metrics.json").read_text())["calibration"]
        answers[choice] = np.log(load_model(run)(GOOD + BAD).numpy()), told
    (cooled, found), (plain, nothing) = answers.values()
    assert nothing is None
    assert found["rows"] >= 200
    assert found["loss"] <= found["loss_before"]
    assert "Temperature" in capsys.readouterr().out
    np.testing.assert_array_equal(cooled.argmax(axis=1), plain.argmax(axis=1))
    # Differences of logarithms are differences of logits.
    np.testing.assert_allclose(
        np.diff(cooled) * found["temperature"], np.diff(plain), rtol=1e-3, atol=1e-4
    )


@pytest.mark.slow
def test_a_run_whose_words_say_too_little_is_the_run_without_their_scores(
    tmp_path, tiny_options, capsys, monkeypatch
):
    """They are a tenth of an answer's time: nothing of them is left in the model."""
    monkeypatch.setattr(word_scores, "_MANY_ROWS", 100)
    monkeypatch.setattr(word_scores, "_LEAST_GAIN", 1.0)
    table = write_table(tmp_path / "table.csv")
    options = [*tiny_options, *OPTIONS, "--data", str(table)]
    answers = []
    for choice in ("--word-scores", "--no-word-scores"):
        run = tmp_path / choice.strip("-")
        assert main([*options, choice, "--output", str(run)]) == 0
        model = load_model(run)
        assert model.classifier.layers[-1].name == "probabilities"
        answers.append(model(GOOD + BAD).numpy())
    assert "Word scores: left out" in capsys.readouterr().out
    np.testing.assert_array_equal(*answers)
