"""`--start-from RUN`: its vocabulary and weights are kept, what it lacks is told, and its descent is written down."""

import json

import numpy as np
import pandas as pd
import pytest

from export.__main__ import main as export_main
from export.run_record import read_run
from keras_pipeline import load_model, train

TOPICS = {
    "weather": [
        "rain all day on the lake",
        "storm and hail tonight",
        "what a sunny morning",
        "fog over the harbour",
    ],
    "trains": [
        "late train again",
        "the tram stands in the rain",
        "no seat on this train",
        "a new station opens",
    ],
}


@pytest.fixture(scope="module")
def topics_csv(tmp_path_factory):
    """Other labels, and words that the sample's vocabulary lacks."""
    rows = [
        (f"{text} {word}", label)
        for word in ("today", "again", "here", "there", "now", "then")
        for label, texts in TOPICS.items()
        for text in texts
    ]
    path = tmp_path_factory.mktemp("topics") / "topics.csv"
    pd.DataFrame(rows, columns=["text", "sentiment"]).to_csv(path, index=False)
    return path


def go_on(run, output, *options):
    arguments = ["--start-from", str(run), "--epochs", "1", "--no-export", "--output", str(output)]
    return train.main([*arguments, *map(str, options)])


def test_words_and_weights_are_kept(tiny_run, sample_csv, tmp_path, capsys):
    """One step at a learning rate of next to nothing leaves the network's weights as they were."""
    options = ("--data", sample_csv, "--learning-rate", "1e-9", "--averaged-epochs", "0")
    assert go_on(tiny_run, tmp_path / "next", *options) == 0
    assert "Vocabulary kept: it lacks " in capsys.readouterr().out
    old, new = load_model(tiny_run), load_model(tmp_path / "next")
    assert new.vectorizer.get_vocabulary() == old.vectorizer.get_vocabulary()
    for layer in ("embedding", "bilstm", "dense", "probabilities"):
        for before, after in zip(
            old.classifier.get_layer(layer).get_weights(),
            new.classifier.get_layer(layer).get_weights(),
            strict=True,
        ):
            np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.mark.slow
def test_other_labels_get_a_new_last_layer(tiny_run, topics_csv, tmp_path, capsys):
    assert go_on(tiny_run, tmp_path / "next", "--data", topics_csv) == 0
    told = capsys.readouterr().out
    assert "the last layer is new" in told
    assert "such as " in told
    model = load_model(tmp_path / "next")
    assert model.labels == ("trains", "weather")
    assert model(["rain"]).shape == (1, 2)


@pytest.mark.slow
def test_the_card_tells_the_ancestry_and_what_was_learned_before(tiny_run, topics_csv, tmp_path):
    """Rows that an ancestor learned from are no fair examination of its descendants either."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert go_on(tiny_run, first, "--data", topics_csv) == 0
    assert go_on(first, second, "--data", topics_csv) == 0
    record = read_run(second)
    assert [a["run"] for a in record.results["ancestry"]] == ["first", "run"]
    assert set(read_run(tiny_run).learned_from) < set(record.learned_from)
    assert (
        export_main([str(second), "--to", str(tmp_path / "models"), "--force", "--server", "none"])
        == 0
    )
    card = json.loads((tmp_path / "models" / "1" / "assets.extra" / "model_card.json").read_text())
    assert [a["data"] for a in card["ancestry"]] == ["topics.csv", "sample.csv"]
    assert (
        "## Ancestry" in (tmp_path / "models" / "1" / "assets.extra" / "model_card.md").read_text()
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--lstm-units", "99"],
            "`--lstm-units` must be 4, as in the run to start from; leave it out.",
        ),
        (["--embeddings", "words.vec"], "leave one out. Received: embeddings=words.vec"),
    ],
)
def test_what_the_weights_do_not_allow_is_one_sentence(
    tiny_run, tmp_path, capsys, options, sentence
):
    assert go_on(tiny_run, tmp_path / "next", *options) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "next").exists()


def test_a_folder_that_is_no_run_is_one_sentence(sample_csv, tmp_path, capsys):
    assert go_on(tmp_path, tmp_path / "next", "--data", sample_csv) == 2
    assert "`--start-from` must be the folder of a finished run" in capsys.readouterr().err
