"""`--distill`: networks trained first, their mean answer learned; a kill or Ctrl-C on the way costs nothing."""

import json
import re
from typing import ClassVar

import numpy as np
import pytest
from finished_runs import FINISHED, answers

from export.text_hashes import text_hashes
from keras_pipeline import train
from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.checkpoint import Checkpoint
from keras_pipeline.fit.distill.members import ask_members, member_configs

MORE = [
    "a day of rain",
    "tea at home",
    "what a lovely song",
    "my bus was late again",
    "dinner, then tv",
]


def stop_in(monkeypatch, member, error):
    """Let training fail in the second epoch of network `member`, once."""

    def on_train_batch_end(self, batch, logs=None):
        if self.path.parent.name == member and len(self.history) == 1:
            raise error

    monkeypatch.setattr(Checkpoint, "on_train_batch_end", on_train_batch_end)


@pytest.fixture
def options(tiny_options, tmp_path):
    (tmp_path / "more.jsonl").write_text(
        "".join(json.dumps({"text": text}) + "\n" for text in MORE)
    )
    more = ["--distill", "2", "--unlabelled", str(tmp_path / "more.jsonl"), "--epochs", "2"]
    return [*tiny_options, *more, "--no-export"]


@pytest.mark.slow
@pytest.mark.parametrize("error", [RuntimeError("power cut"), KeyboardInterrupt()])
def test_a_run_that_ends_in_its_second_network_goes_on_there(
    options, tmp_path, monkeypatch, capsys, error
):
    """To the very model that it would have become, and what was made on the way is gone then."""
    assert train.main([*options, "--output", str(tmp_path / "whole")]) == 0
    assert re.search(r"further rows, without a label +5\n", capsys.readouterr().out)
    run = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        stop_in(patch, "2", error)
        if isinstance(error, KeyboardInterrupt):
            assert train.main([*options, "--output", str(run)]) == 130
            go_on = f"Interrupted. Go on: python -m keras_pipeline.train --resume --output {run}\n"
            assert capsys.readouterr().out.endswith(go_on)
        else:
            with pytest.raises(RuntimeError):
                train.main([*options, "--output", str(run)])
    assert (run / "members" / "1" / "answers.npz").is_file()
    assert (run / "members" / "2" / "checkpoint.npz").is_file()
    capsys.readouterr()
    assert train.main(["--resume", "--output", str(run)]) == 0
    told = capsys.readouterr().out
    assert "Network 1 of 2" not in told, "it was trained already"
    assert "Network 2 of 2" in told
    np.testing.assert_array_equal(answers(run), answers(tmp_path / "whole"))
    assert {path.name for path in run.iterdir()} == FINISHED


@pytest.mark.slow
def test_what_was_learned_from_is_on_record(options, tmp_path):
    """The texts without a label, too: a publication must know that the model has seen them."""
    run = tmp_path / "run"
    assert train.main([*options, "--output", str(run)]) == 0
    texts = np.array(MORE, object)
    assert np.isin(text_hashes(texts), np.load(run / "learned_from.npy")).all()


def test_each_network_has_a_seed_of_its_own_and_no_words_scores():
    """Words' scores learn from the validation rows in the end: what learned from them could not be judged by them."""
    config = TrainConfig(seed=7, distill=3)
    members = member_configs(config)
    assert len({member.seed for member in members} | {7}) == 4
    assert not any(member.word_scores or member.distill for member in members)
    assert members == member_configs(config), "the run's own seed governs them"


class TestAnswersOnDisk:
    """What a network said is read where it is whole and fits; else the network is trained again."""

    config = TrainConfig(distill=1)
    texts: ClassVar = {"train": np.array(["so good", "so bad"], object)}

    def ask(self, folder):
        """The answers; a network that would have to be trained is one too many."""

        def train_again(settings, checkpoint):
            raise AssertionError("trained again")

        return list(ask_members(self.texts, self.config, folder, train_again))

    @pytest.fixture
    def file(self, tmp_path):
        (tmp_path / "1").mkdir()
        return tmp_path / "1" / "answers.npz"

    def test_whole(self, tmp_path, file):
        saved = np.full((2, 3), 1 / 3, np.float32)
        np.savez(file, train=saved)
        np.testing.assert_array_equal(self.ask(tmp_path)[0]["train"], saved)

    @pytest.mark.parametrize("damage", ["cut", "other rows", "other name", "no zip"])
    def test_damaged(self, tmp_path, file, damage):
        shape = (3, 3) if damage == "other rows" else (2, 3)
        np.savez(file, **{"test" if damage == "other name" else "train": np.ones(shape)})
        if damage == "cut":
            file.write_bytes(file.read_bytes()[:100])
        if damage == "no zip":
            file.write_text("no answers")
        with pytest.raises(AssertionError, match="trained again"):
            self.ask(tmp_path)
