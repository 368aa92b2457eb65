"""Under "Model": figures, card and pictures where they are at hand, states in any case."""

import json

import pytest
from waiting import wait_for

from export.signatures import CARD_ASSET
from serving.app.card import read_card
from serving.server.model_versions import ModelConfig

NAME = "tweet_sentiment"


def opened(page, address, tiny_run, runs=None):
    words = [f"--model-base-path={tiny_run / 'exported'}", f"--runs={runs or tiny_run.parent}"]
    return page(address, *words, model_name=NAME)


def test_figures_pictures_card_and_versions_of_what_serves(exported_address, tiny_run, page):
    """The pictures are those of the run that the card names."""
    shown = opened(page, exported_address, tiny_run)
    card = json.loads((tiny_run / "exported" / "1" / CARD_ASSET).read_text())
    assert f"{card['metrics']['macro_f1']:.3f}" in shown.words
    assert "F1 of each class" in shown.words
    drawn = {one.proto.imgs[0].alt for one in shown.app.get("image")}
    assert {"confusion matrix", "learning curves"} <= drawn
    assert any("# Classifier of texts" in one.value for one in shown.app.markdown)
    assert "AVAILABLE" in shown.words


def test_without_the_folders_it_says_so_and_shows_the_states(
    exported_address, tiny_run, tmp_path, page
):
    shown = page(exported_address, model_name=NAME)
    assert f"No card of version 1 is at hand in models/{NAME}" in shown.words
    assert "AVAILABLE" in shown.words
    assert not opened(page, exported_address, tiny_run, tmp_path).app.get("image")


@pytest.mark.slow
@pytest.mark.parametrize(
    "content", ["{", "[]", '{"metrics": 7, "behaviour": [], "run": 3}', "[" * 100_000]
)
def test_a_card_that_is_damaged_is_one_sentence_or_shows_what_it_has(
    exported_address, tmp_path, page, content
):
    card = tmp_path / "models" / NAME / "1" / CARD_ASSET
    card.parent.mkdir(parents=True)
    card.write_text(content)
    shown = page(exported_address, model_name=NAME).type("I love it")
    assert len(shown.errors) == (content[0] != "{" or content == "{")
    assert shown.verdicts


@pytest.mark.parametrize("run", ["..", ".", "", "a/b", "/etc", 7, None])
def test_a_card_leads_to_no_other_folder(tmp_path, run):
    card = tmp_path / "models" / "1" / CARD_ASSET
    card.parent.mkdir(parents=True)
    card.write_text(json.dumps({"run": run}))
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "x.png").touch()
    (tmp_path / "runs").mkdir()
    assert read_card(tmp_path / "models", 1, tmp_path / "runs").pictures == ()


@pytest.mark.slow
def test_a_version_that_cannot_be_loaded_shows_why(start, saved_models, tmp_path, page):
    base = tmp_path / "tiny"
    saved_models.publish(3, base)
    (base / "4").mkdir()
    (base / "4" / "saved_model.pb").write_bytes(b"no model")
    running = start(base, config=ModelConfig("tiny", base, newest=None))
    shown = page(running.address, model_name="tiny")
    wait_for(lambda: "END:" in shown.draw().words)
    assert "Version 3 answers" in shown.words
