"""A Keras model that takes raw strings, however a caller holds them, and says so when it cannot."""

import subprocess
import sys
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import keras_pipeline
from keras_pipeline.errors import UserError

TEXTS = ["I love it!!!", "so sad http://t.co/x"]
FORMS = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "tensor": tf.constant(TEXTS),
    "objects": np.array(TEXTS, dtype=object),
    "unicode": np.array(TEXTS),
    "bytes": np.array([text.encode() for text in TEXTS]),
    "series": pd.Series(TEXTS),
}
BAD = {
    "bare string": ("good", TypeError, "wrap one string in a list. Received: text='good'"),
    "None": (None, TypeError, "Received: text=None"),
    "None inside": (["a", None], TypeError, "Received: None of type NoneType inside text"),
    "number": (3, TypeError, "Received: text=3"),
    "numbers": ([1, 2], TypeError, "Received: 1 of type int inside text"),
    "float tensor": (tf.constant([1.0]), TypeError, "Received: a tensor of dtype float32"),
    "NaN inside": (pd.Series(["a", np.nan]), TypeError, "Received: nan of type float inside text"),
    "scalar tensor": (tf.constant("a"), ValueError, "Received: text of shape []"),
    "rank 2": ([["a"], ["b"]], ValueError, "Received: text of shape [2, 1]"),
    "rank 2 tensor": (tf.constant([["a", "b"]]), ValueError, "Received: text of shape [1, 2]"),
    "ragged lists": ([["a"], ["b", "c"]], TypeError, "Received: ['a'] of type list inside text"),
}


@pytest.fixture(scope="module")
def expected(tiny_model):
    return tiny_model(TEXTS).numpy()


def close(received, expected):
    """Equal up to the rounding of another order of additions."""
    np.testing.assert_allclose(np.asarray(received), expected, rtol=0, atol=1e-6)


def test_probabilities(expected):
    assert expected.shape == (2, 3)
    assert expected.dtype == np.float32
    close(expected.sum(axis=1), [1, 1])


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_strings_gives_the_same(tiny_model, expected, form):
    close(tiny_model(FORMS[form]), expected)
    close(tiny_model.predict(FORMS[form], verbose=0), expected)


def test_one_tweet(tiny_model, expected):
    close(tiny_model(TEXTS[:1]), expected[:1])


@pytest.mark.parametrize("nothing", [[], (), tf.constant([], tf.string), np.array([], object)])
def test_nothing_gives_no_rows(tiny_model, nothing):
    assert tiny_model(nothing).shape == (0, 3)
    assert tiny_model.predict(nothing, verbose=0).shape == (0, 3)


def test_same_inside_a_graph(tiny_model, expected):
    close(tf.function(lambda: tiny_model(TEXTS))(), expected)
    any_text = tf.function(tiny_model, input_signature=[tf.TensorSpec([None], tf.string)])
    close(any_text(tf.constant(TEXTS)), expected)
    assert any_text(tf.constant([], tf.string)).shape == (0, 3)


def test_same_inside_tf_data(tiny_model, expected):
    dataset = tf.data.Dataset.from_tensor_slices(TEXTS).batch(2)
    close(next(iter(dataset.map(tiny_model))), expected)
    close(tiny_model.predict(dataset, verbose=0), expected)


def test_inside_a_functional_model(tiny_model, expected):
    text = keras.Input((), dtype="string")
    close(keras.Model(text, tiny_model(text))(tf.constant(TEXTS)), expected)


@pytest.mark.parametrize("case", BAD)
def test_bad_text_gets_one_sentence(tiny_model, case):
    text, kind, words = BAD[case]
    for ask in (tiny_model, lambda text: tiny_model.predict(text, verbose=0)):
        with pytest.raises(kind) as caught:
            ask(text)
        assert str(caught.value).endswith(words)
        assert "\n" not in str(caught.value)


def test_an_answer_does_not_depend_on_its_neighbours(tiny_model, expected):
    """A long neighbour pads the batch; the mask keeps that out of the answer."""
    close(tiny_model([*TEXTS, "very " * 100])[:2], expected)


def test_hostile_strings_are_answered(tiny_model):
    hostile = [
        "",
        "   ",
        "http://x.co",
        "\x00",
        b"\xff\xfe\xc3",
        "a" * 1_000_000,
        "\ud800",
        "!" * 500,
    ]
    answers = tiny_model(hostile).numpy()
    assert answers.shape == (8, 3)
    assert np.isfinite(answers).all()


def test_half_an_emoji_is_read_as_clients_send_it(tiny_model):
    """A surrogate without its half is U+FFFD, two halves are their character: the gate and a server say the same."""
    torn = ["good \ud83d day", "good \ud83d\ude00"]
    whole = ["good \ufffd day", "good \N{GRINNING FACE}"]
    np.testing.assert_array_equal(tiny_model(torn), tiny_model(whole))


def test_composed_model_and_its_two_halves_agree(tiny_model, sample_csv):
    """Training runs the halves apart, serving runs them as one: the same numbers, to the seventh digit."""
    texts = pd.read_csv(sample_csv)["text"].to_numpy(object)
    strings = tf.data.Dataset.from_tensor_slices(texts).batch(66).map(tiny_model.token_ids)
    halves = tiny_model.classifier(next(iter(strings)))
    np.testing.assert_allclose(halves, tiny_model(texts), atol=1e-6)


@pytest.mark.slow
def test_reads_back_in_a_process_that_only_imported_the_package(tiny_run, tmp_path):
    """Keras's own load_model, safe_mode on: nothing of the training process is needed."""
    code = (
        "import sys, keras, numpy, keras_pipeline\n"
        "model = keras.saving.load_model(sys.argv[1], safe_mode=True)\n"
        f"numpy.save(sys.argv[2], model({TEXTS!r}).numpy())\n"
    )
    file = tmp_path / "answers.npy"
    command = [sys.executable, "-c", code, str(tiny_run / "model.keras"), str(file)]
    subprocess.run(command, check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(file), keras_pipeline.load_model(tiny_run)(TEXTS))


class TestAPlainKerasCitizen:
    """`load_model` gives a compiled model; summary, fit, evaluate and predict take raw strings."""

    NAMES = ("positive", "negative")

    @pytest.fixture
    def model(self, tiny_run):
        return keras_pipeline.load_model(tiny_run)

    def test_it_is_compiled_and_tells_its_labels(self, model, capsys):
        assert model.compiled
        assert model.labels == ("negative", "neutral", "positive")
        model.summary()
        assert "classifier" in capsys.readouterr().out

    @pytest.mark.parametrize("form", FORMS)
    def test_evaluate_takes_every_form_of_strings(self, model, form):
        expected = model.evaluate(TEXTS, [2, 0], verbose=0)
        assert model.evaluate(FORMS[form], self.NAMES, verbose=0) == pytest.approx(expected)

    @pytest.mark.parametrize(
        "labels",
        [
            [2, 0], (2, 0), np.array([2, 0], np.int8), pd.Series([2, 0]), tf.constant([2, 0]),
            list(NAMES), np.array(NAMES), pd.Series(NAMES), [b"positive", b"negative"],
            tf.constant(NAMES), pd.Series(NAMES, dtype="category"),
        ],
        ids=lambda labels: type(labels).__name__,
    )  # fmt: skip
    def test_labels_are_ids_or_names(self, model, labels):
        expected = model.evaluate(tf.data.Dataset.from_tensors((TEXTS, [2, 0])), verbose=0)
        assert model.evaluate(TEXTS, labels, verbose=0) == pytest.approx(expected)

    def test_fit_learns_and_what_it_learned_is_saved(self, model, tmp_path):
        before = model.evaluate(TEXTS, self.NAMES, verbose=0)[0]
        history = model.fit(
            TEXTS, self.NAMES, epochs=30, verbose=0, validation_data=(TEXTS, [2, 0])
        )
        after = model.evaluate(TEXTS, self.NAMES, verbose=0)[0]
        assert after < before
        assert history.history["val_loss"][-1] == pytest.approx(after, rel=1e-5)
        model.save(tmp_path / "further.keras")
        again = keras_pipeline.load_model(tmp_path / "further.keras")
        close(again(TEXTS), model(TEXTS))

    @pytest.mark.slow
    def test_weights_and_datasets_are_keras_own(self, model):
        batches = tf.data.Dataset.from_tensor_slices((TEXTS, [2, 0])).batch(2)
        first = model.evaluate(TEXTS[:1], [2], verbose=0)[0]
        assert model.evaluate(TEXTS, [2, 0], sample_weight=[2, 0], verbose=0)[0] == pytest.approx(
            first
        )
        model.fit(batches, epochs=1, verbose=0, validation_data=batches)
        model.fit(TEXTS, [2, 0], batch_size=1, shuffle=False, sample_weight=[1, 0], verbose=0)

    @pytest.mark.parametrize(
        ("labels", "error", "words"),
        [
            (["positive", "happy"], ValueError, "Received: 'happy' in row 1"),
            ([2, 3], ValueError, "Received: 3 in row 1"),
            ([-1, 0], ValueError, "Received: -1 in row 0"),
            ([0.0, 1.0], TypeError, "Received: y of dtype float64"),
            ([[1, 0, 0], [0, 1, 0]], ValueError, "Received: y of shape [2, 3]"),
            ([2], ValueError, "Received: 1 entries for 2 texts"),
            (None, ValueError, "Received: y of shape []"),
        ],
        ids=str,
    )
    def test_other_labels_get_one_sentence(self, model, labels, error, words):
        for use in (model.fit, model.evaluate):
            with pytest.raises(error) as caught:
                use(TEXTS, labels, verbose=0)
            assert words in str(caught.value)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "none.keras", "must be a .keras file or a run folder"),
        (lambda folder: _written(folder / "bad.keras", b"PK\x03\x04 no zip"), "cannot be read"),
        (lambda folder: _written(folder / "empty.keras", b""), "cannot be read"),
        (lambda folder: _zipped(folder / "config.keras", "[" * 10_000), "cannot be read"),
        (lambda folder: _zipped(folder / "type.keras", '{"class_name": 3}'), "cannot be read"),
    ],
)
def test_load_model_says_what_is_wrong(tmp_path, make, words):
    with pytest.raises(UserError, match=words):
        keras_pipeline.load_model(make(tmp_path))


def _written(path, content):
    path.write_bytes(content)
    return path


def _zipped(path, config):
    """A `.keras` file that holds this configuration, and no weights."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", config)
    return path
