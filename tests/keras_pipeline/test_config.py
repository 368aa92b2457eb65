"""Settings are checked where they are made, and the command line is made from them."""

import dataclasses

import pytest

from keras_pipeline import TrainConfig, train
from keras_pipeline.config import PRESETS
from keras_pipeline.errors import UserError


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"epochs": 0}, "`epochs` must be at least 1. Received: epochs=0"),
        ({"dropout": 1.0}, "`dropout` must be below 1. Received: dropout=1.0"),
        ({"learning_rate": 0.0}, "`learning_rate` must be above 0. Received: learning_rate=0.0"),
        ({"batch_size": "8"}, "`batch_size` must be of type int. Received: batch_size='8'"),
        ({"batch_size": True}, "`batch_size` must be of type int. Received: batch_size=True"),
        (
            {"cleaner": "none"},
            "`cleaner` must be one of expressive, notebook. Received: cleaner='none'",
        ),
        ({"mask_padding": 1}, "`mask_padding` must be of type bool. Received: mask_padding=1"),
        (
            {"learning_rate": float("nan")},
            "`learning_rate` must be above 0. Received: learning_rate=nan",
        ),
        (
            {"averaged_epochs": float("inf")},
            "`averaged_epochs` must be a finite number. Received: averaged_epochs=inf",
        ),
        (
            {"seed": 2**32},
            "`seed` must be below 4294967296. Received: seed=4294967296",
        ),
    ],
)
def test_bad_settings_get_one_sentence(setting, words):
    with pytest.raises(UserError) as caught:
        TrainConfig(**setting)
    assert str(caught.value) == words


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().epochs = 3


@pytest.mark.parametrize("preset", PRESETS)
def test_survives_json(preset, tmp_path):
    config = TrainConfig.preset(preset, epochs=7)
    (tmp_path / "config.json").write_text(config.to_json())
    assert TrainConfig.from_json(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "must hold a JSON object. Received: Expecting property name"),
        ("[]", "must hold a JSON object. Received: a JSON list"),
        ('{"epoch": 3}', "is no saved training configuration: "),
        ('{"epochs": "3"}', "`epochs` must be of type int. Received: epochs='3'"),
        ('{"dropout": 1e400}', "`dropout` must be below 1. Received: dropout=inf"),
    ],
)
def test_broken_json_gets_one_sentence_with_the_files_name(tmp_path, text, words):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        TrainConfig.from_json(path)
    assert str(caught.value).startswith(f"`{path}` ")
    assert words in str(caught.value)


def test_the_notebook_preset_is_what_the_notebook_did():
    notebook = TrainConfig.preset("notebook")
    assert (notebook.vocabulary_size, notebook.sequence_length, notebook.embedding_dim) == (
        20_000,
        40,
        100,
    )
    assert (notebook.lstm_units, notebook.dense_units, notebook.batch_size, notebook.patience) == (
        128,
        64,
        32,
        2,
    )
    assert not notebook.punctuation_tokens
    assert not notebook.mask_padding
    assert not notebook.pad_to_longest


def test_the_transfer_preset_is_for_files_that_teach():
    """Word vectors and soft labels want more room and less dropout than a table alone."""
    transfer, default = TrainConfig.preset("transfer"), TrainConfig()
    for more in ("vocabulary_size", "embedding_dim", "lstm_units", "averaged_epochs"):
        assert getattr(transfer, more) > getattr(default, more), more
    for less in ("word_dropout", "spatial_dropout", "dropout", "batch_size", "learning_rate"):
        assert getattr(transfer, less) < getattr(default, less), less


def test_help_names_every_setting_with_its_default(capsys):
    with pytest.raises(SystemExit) as caught:
        train.main(["--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for field in TrainConfig.option_fields():
        on_off = {True: "on", False: "off"}
        shown = on_off[field.default] if isinstance(field.default, bool) else field.default
        assert f"--{field.name.replace('_', '-')}" in text
        assert f"{field.metadata['help']} (default: {shown})" in text
