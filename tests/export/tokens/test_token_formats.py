"""LiteRT and ONNX: what a version holds, what its gate catches, and that a caller can follow the docs."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from changed_models import copy_of, inclined, scaled
from trained_runs import split_of

from export import __main__ as command
from export.errors import ExportError, GateError
from export.exporter import export_model
from export.formats import MODEL_FILES, PACKAGES
from export.run_record import read_run
from export.settings import FLOAT16, LITERT, ONNX, Artefact, Tolerances
from export.tokens.token_classifier import TokenClassifier
from export.tokens.token_file import EXAMPLES, write_token_artefact
from export.tokens.token_gate import TOKEN_CHECKS, ask_with_string_half, pass_token_gate
from keras_pipeline import SentimentModel, TweetCleaner, build_vectorizer, load_model

DOCS = Path(__file__).parents[3] / "docs" / "export.md"

BARRED = """
import sys
for name in ("tensorflow", "keras", "export", "keras_pipeline", "tf2onnx"): sys.modules[name] = None
"""
FOLLOWED = """
import json
examples = json.loads((folder / "assets.extra/examples.json").read_text())
for example in examples:
    assert token_ids(example["text"]) == example["token_ids"], example
    answer = probabilities([example["text"]])[0]
    np.testing.assert_allclose(answer, example["probabilities"], atol=1e-5)
together = probabilities([example["text"] for example in examples])
np.testing.assert_allclose(together, [e["probabilities"] for e in examples], atol=1e-5)
print(len(examples), "examples")
"""


@pytest.fixture(scope="module", params=[LITERT, ONNX])
def file_format(request):
    for module in PACKAGES[request.param]:
        pytest.importorskip(module)
    return request.param


@pytest.fixture(scope="module")
def published(file_format, tiny_run, tiny_model, test_split, tmp_path_factory):
    """A published version and what the gate found."""
    base = tmp_path_factory.mktemp(file_format) / "models"
    artefact = Artefact(file_format=file_format)
    return export_model(
        tiny_model, base, split=test_split, run=read_run(tiny_run), artefact=artefact, force=True
    )


@pytest.fixture
def version(published, tmp_path):
    """A copy of it, to spoil."""
    path, _ = published
    copy = tmp_path / "1"
    subprocess.run(["cp", "-r", str(path), str(copy)], check=True)  # noqa: S607 (cp)
    return copy


def refused(version, model, split_):
    with pytest.raises(GateError) as caught:
        pass_token_gate(version, model, split_)
    return caught.value


@pytest.mark.slow
class TestVersion:
    """What is published."""

    def test_it_holds_the_model_its_words_and_a_card(self, published, file_format, tiny_model):
        path, report = published
        files = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
        assert files == {
            MODEL_FILES[file_format],
            "assets/vocabulary.txt",
            "assets/labels.txt",
            "assets.extra/examples.json",
            "assets.extra/string_half/fingerprint.pb",
            "assets.extra/string_half/saved_model.pb",
            "assets.extra/string_half/variables/variables.data-00000-of-00001",
            "assets.extra/string_half/variables/variables.index",
            "assets.extra/model_card.json",
            "assets.extra/model_card.md",
            "assets.extra/learned_from.npy",
        }
        lines = (path / "assets/vocabulary.txt").read_text().split("\n")[:-1]
        assert lines == tiny_model.vectorizer.get_vocabulary()
        assert report.checks == TOKEN_CHECKS
        assert report.largest_difference <= Tolerances().probability

    def test_the_card_says_what_a_caller_must_do(self, published, file_format, tiny_model):
        path, report = published
        text = (path / "assets.extra/model_card.md").read_text()
        assert f"The format {file_format} carries no ops on strings" in text
        cleaner = type(tiny_model.cleaner).__name__
        assert f"1. Clean the text as `{cleaner}` does (docs/cleaning.md)" in text
        assert "then as `separate_punctuation` does." in text
        assert "keep the first 40 tokens" in text
        card = json.loads((path / "assets.extra/model_card.json").read_text())
        assert card["format"] == file_format
        assert card["full_model_test_part"] == report.full_metrics
        assert set(PACKAGES[file_format].values()) < set(card["versions"])

    @pytest.mark.slow
    def test_a_caller_who_follows_the_docs_gets_the_examples(
        self, file_format, tiny_model, tmp_path
    ):
        """The Python of docs/export.md, run in a process that has only the runtime."""
        parts = tiny_model.vectorizer, tiny_model.classifier, tiny_model.padded_length
        written = tmp_path / "written"
        written.mkdir()
        write_token_artefact(SentimentModel(TweetCleaner(), *parts), written, file_format)
        folder = tmp_path / "models" / "tweet_sentiment_onnx" / "1"
        folder.parent.mkdir(parents=True)
        folder.symlink_to(written)
        ids, litert, onnx = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
        program = BARRED + ids + (litert if file_format == LITERT else onnx) + FOLLOWED
        done = subprocess.run(
            [sys.executable, "-I", "-c", program],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, "11 examples\n"), done.stderr

    def test_the_examples_are_of_several_lengths(self, published):
        """One is cut at the sequence length, one has no token of its own."""
        path, _ = published
        lengths = {len(e["token_ids"]) for e in json.loads((path / EXAMPLES).read_text())}
        assert {1, 40} < lengths

    def test_ids_that_no_vocabulary_has_do_not_kill_the_process(self, published, file_format):
        path, _ = published
        load = {
            LITERT: "from ai_edge_litert.interpreter import Interpreter\n"
            "runner = Interpreter(sys.argv[1]).get_signature_runner()\n"
            "ask = lambda ids: runner(token_ids=ids)['probabilities']\n",
            ONNX: "import onnxruntime\nonnxruntime.set_default_logger_severity(4)\n"
            "session = onnxruntime.InferenceSession(sys.argv[1])\n"
            "ask = lambda ids: session.run(None, {'token_ids': ids})[0]\n",
        }[file_format]
        program = (
            "import sys\nimport numpy as np\n" + load + "draw = np.random.default_rng(0)\n"
            "refused = 0\n"
            "for _ in range(300):\n"
            "    ids = draw.integers(-9, 900, draw.integers(0, 9, 2))\n"
            "    try:\n"
            "        assert ask(ids).shape == (len(ids), 3)\n"
            "    except Exception as error:\n"
            "        refused += 'bound' in str(error)\n"
            "print(refused)\n"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-c", program, str(path / MODEL_FILES[file_format])],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) > 10


@pytest.mark.slow
class TestGate:
    """Each check, provoked."""

    def test_a_swapped_vocabulary_is_caught_by_assets(self, version, tiny_model, test_split):
        path = version / "assets/vocabulary.txt"
        lines = path.read_text().split("\n")
        lines[5], lines[6] = lines[6], lines[5]
        path.write_text("\n".join(lines))
        error = refused(version, tiny_model, test_split)
        assert error.check == "assets"
        assert error.received.endswith("the first difference in line 6")

    def test_swapped_labels_are_caught_by_assets(self, version, tiny_model, test_split):
        (version / "assets/labels.txt").write_text("positive\nneutral\nnegative\n")
        error = refused(version, tiny_model, test_split)
        assert error.check == "assets"
        assert "`assets/labels.txt`" in error.expected

    def test_a_file_cut_short_is_caught_by_reload(
        self, version, file_format, tiny_model, test_split
    ):
        path = version / MODEL_FILES[file_format]
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        assert refused(version, tiny_model, test_split).check == "reload"

    @pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
    def test_keras_own_file_of_its_classifier_is_caught(
        self, version, file_format, tiny_model, test_split
    ):
        """Of LiteRT it needs ops that no runtime but TensorFlow has; of ONNX its output has no name."""
        tiny_model.predict(["so sad"], verbose=0)  # it exports none that was never called
        path = str(version / MODEL_FILES[file_format])
        tiny_model.classifier.export(path, format=file_format, verbose=False)
        error = refused(version, tiny_model, test_split)
        assert error.check == {LITERT: "reload", ONNX: "signature"}[file_format]
        assert {LITERT: "Flex", ONNX: "Identity:0"}[file_format] in error.received

    @pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
    def test_another_input_is_caught_by_signature(
        self, version, file_format, tiny_model, test_split
    ):
        (version / MODEL_FILES[file_format]).unlink()
        fixed = copy_of(tiny_model)
        fixed.padded_length = 40
        TokenClassifier(fixed.classifier).export(
            str(version / MODEL_FILES[file_format]),
            format=file_format,
            input_signature=[tf.TensorSpec([None, 40], tf.int64, name="ids")],
            verbose=False,
        )
        error = refused(version, fixed, test_split)
        assert error.check == "signature"
        assert "'ids': ('int64', (None, 40))" in error.received

    def test_other_weights_are_caught_by_parity(
        self, version, file_format, lively_model, test_split
    ):
        """Whole, loadable, and not the model that was trained."""
        write_token_artefact(scaled(lively_model, 1.001), version, file_format)
        error = refused(version, lively_model, test_split)
        assert error.check == "parity"
        assert "within 1e-05" in error.expected

    def test_half_precision_is_refused_by_the_tolerance_of_full(
        self, version, file_format, lively_model, test_split
    ):
        write_token_artefact(lively_model, version, file_format, FLOAT16)
        assert refused(version, lively_model, test_split).check == "parity"
        tolerances = Artefact(weights=FLOAT16).tolerances
        pass_token_gate(version, lively_model, test_split, tolerances=tolerances)

    def test_a_worse_version_is_caught_by_quality_unless_forced(
        self, file_format, english_run, tmp_path
    ):
        """The version in front has words in another order: each is asked ids of its own."""
        model, split = load_model(english_run), split_of(english_run)
        words = model.vectorizer.get_vocabulary()
        order = [0, 1, *range(len(words) - 1, 1, -1)]
        # A word's row moves in both tables: its vector's, and its scores'.
        weights = [
            weight[order] if weight.shape[:1] == (len(words),) else weight
            for weight in model.classifier.get_weights()
        ]
        renamed = copy_of(model, words=[words[i] for i in order], weights=weights)
        options = {"split": split, "run": read_run(english_run)}
        artefact = Artefact(file_format=file_format)
        base = tmp_path / "models"
        _, first = export_model(renamed, base, artefact=artefact, **options)
        assert first.checks == (*TOKEN_CHECKS, "quality")
        worse = inclined(model, 0, 4)
        with pytest.raises(GateError) as caught:
            export_model(worse, base, artefact=artefact, **options)
        assert caught.value.check == "quality"
        assert f"at least {first.metrics['macro_f1']:.4f} - 0.01" in caught.value.expected
        assert [path.name for path in sorted(base.iterdir())] == [".examination", "1"]
        _, report = export_model(worse, base, artefact=artefact, force=True, **options)
        assert report.forced

    def test_a_version_of_another_cleaning_is_examined_by_its_own(
        self, file_format, english_run, tmp_path
    ):
        """The model that it was made of is gone: its string half lies beside it."""
        model, split = load_model(english_run), split_of(english_run)
        other = SentimentModel(
            TweetCleaner(), model.vectorizer, model.classifier, model.padded_length
        )
        artefact = Artefact(file_format=file_format)
        path, _ = export_model(
            other, tmp_path / "models", split=split, run=read_run(english_run), artefact=artefact
        )
        texts = ["so HAPPY!!!", "@you http://x", "100 trains :-)", ""]
        np.testing.assert_allclose(
            ask_with_string_half(path, texts), other.predict(texts, verbose=0), atol=1e-5
        )
        shutil.rmtree(path / "assets.extra" / "string_half")
        with pytest.raises(ExportError, match="export its run again"):
            ask_with_string_half(path, texts)


@pytest.mark.slow
def test_a_folder_of_another_format_is_refused(
    file_format, published, tiny_run, tiny_model, test_split
):
    path, _ = published
    options = {"split": test_split, "run": read_run(tiny_run)}
    with pytest.raises(ExportError, match=r"`to` must be a folder of saved_model versions; .*"):
        export_model(tiny_model, path.parent, **options)
    artefact = Artefact(file_format=file_format)
    with pytest.raises(ExportError, match=r"Received: to='.*', whose version 1 is saved_model"):
        export_model(tiny_model, tiny_run / "exported", artefact=artefact, **options)


@pytest.mark.slow
def test_the_command_exports_half_precision_and_lists(file_format, english_run, tmp_path, capsys):
    base = tmp_path / "models"
    arguments = ["--to", str(base), "--format", file_format, "--weights", FLOAT16]
    assert command.main([str(english_run), *arguments]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].endswith("s: assets, reload, signature, parity, quality")
    assert shown[-2].startswith("The full model: accuracy 0.")
    assert shown[-1] == f"Exported: {base / '1'}"
    card = json.loads((base / "1/assets.extra/model_card.json").read_text())
    assert (card["format"], card["weights"]) == (file_format, FLOAT16)
    assert 0 < card["gate"]["largest_difference"] <= 1e-3
    assert command.main(["--list", str(base)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[0] == "1"
    assert command.main(["--examination", str(english_run), "--to", str(base)]) == 0
    assert "Version 1: 300 rows, accuracy 0." in capsys.readouterr().out


@pytest.mark.slow
def test_a_model_without_a_mask_is_asked_at_its_full_width(file_format, tmp_path, test_split):
    """It reads padding as words: a shorter row would be another text to it."""
    from small_classifiers import WORDS, build_classifier

    vectorizer = build_vectorizer(vocabulary_size=WORDS)
    vectorizer.set_vocabulary(["so", "sad", "happy", "!", "day"])
    model = SentimentModel(
        TweetCleaner(), vectorizer, build_classifier(masked=False), padded_length=40
    )
    write_token_artefact(model, tmp_path, file_format)
    report = pass_token_gate(tmp_path, model, test_split)
    assert report.largest_difference <= Tolerances().probability
