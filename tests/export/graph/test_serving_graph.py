"""Every build of the serving graph computes what the trained model computes, and nothing kills it."""

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_classifiers import LONGEST, WORDS, build_classifier, random_ids

from export.errors import ExportError
from export.graph.serving_classifier import FUSED_UP_TO_ROWS, serving_classifier
from export.graph.serving_graph import serving_graph
from export.graph.token_ids import TokenIds
from export.settings import GRAPHS
from keras_pipeline.fit.words.vocabulary import adapt_vectorizer
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer
from keras_pipeline.model import SentimentModel

BATCH_SIZES = (0, 1, 2, 3, 4, 5, 8, 15, FUSED_UP_TO_ROWS, FUSED_UP_TO_ROWS + 1, 31, 32, 33, 64, 256)
FAST = [graph for graph in GRAPHS if graph != "keras"]
TWEETS = [
    "I`d have responded, if I were going", "Sooo SAD!!!", "", "!?", "@anna http://x.co", "good day " * 40,
    "caf\u00e9 \U0001f600 so happy", "\u3000 \u2028", "a", "my boss is bullying me...", "good " * 41,
]  # fmt: skip


@pytest.fixture(
    scope="module",
    params=["masked", "masked pooled", "plain", "pooled", "masked pooled scored", "scored"],
)
def classifier(request):
    return build_classifier(
        **{word: word in request.param for word in ("masked", "pooled", "scored")}
    )


@pytest.fixture(scope="module")
def trained(classifier):
    """The classifier itself, traced: called eagerly Keras runs its loop in Python, seconds a batch."""
    spec = tf.TensorSpec([None, None], tf.int64)
    return tf.function(lambda ids: classifier(ids, training=False), input_signature=[spec])


@pytest.fixture(scope="module")
def model():
    cleaner, vectorizer = TweetCleaner(), build_vectorizer(vocabulary_size=WORDS)
    adapt_vectorizer(vectorizer, cleaner, TWEETS)
    return SentimentModel(cleaner, vectorizer, build_classifier())


def traced(classifier, graph):
    """As it is served: traced once for any batch and time."""
    return tf.function(
        serving_classifier(classifier, graph).__call__,
        input_signature=[tf.TensorSpec([None, None], tf.int64)],
    )


@pytest.mark.parametrize("graph", GRAPHS)
def test_equals_the_trained_classifier(classifier, trained, graph):
    serve = traced(classifier, graph)
    for rows in BATCH_SIZES:
        for time in (1, 13, LONGEST):
            ids = random_ids(rows, time)
            given = serve(ids).numpy()
            assert given.shape == (rows, 3)
            if rows:
                np.testing.assert_allclose(given, trained(ids), atol=1e-5, rtol=0)


@pytest.mark.parametrize("graph", GRAPHS)
def test_no_rows_and_no_time_have_an_answer(classifier, graph):
    serve = traced(classifier, graph)
    for rows in (0, 1, 5, 40):
        given = serve(np.zeros((rows, 0), np.int64)).numpy()
        assert given.shape == (rows, 3)
        np.testing.assert_allclose(given.sum(axis=1), np.ones(rows), atol=1e-6)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("pooled", [False, True])
def test_neighbours_and_padding_change_nothing(graph, pooled):
    """A tweet is given the same answer alone and among others, which pad it."""
    serve = traced(build_classifier(pooled=pooled, scored=pooled), graph)
    ids = random_ids(70, 12)
    together = serve(np.pad(ids, [(0, 0), (0, 9)])).numpy()
    for row in (0, 1, 2, 15, 16, 69):
        length = max(1, np.count_nonzero(ids[row]))
        alone = serve(ids[row : row + 1, :length]).numpy()[0]
        np.testing.assert_allclose(alone, together[row], atol=1e-6, rtol=0)
    shuffled = np.random.default_rng(1).permutation(70)
    np.testing.assert_allclose(serve(ids[shuffled]), serve(ids).numpy()[shuffled], atol=1e-6)


def rewired(*, twice):
    """The layers of the default structure once more, one of them used twice."""
    ids, *layers = build_classifier().layers
    x = ids.output
    for layer in layers:
        x = layer(x)
        if isinstance(layer, twice):
            x = layer(x) if layer is not layers[2] else keras.layers.Add()([x, x])
    return keras.Model(ids.output, x)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: keras.Sequential([keras.layers.Dense(3)]), "a classifier built of Dense"),
        (lambda: rewired(twice=keras.layers.Bidirectional), "Bidirectional -> Add -> Dense"),
        (lambda: rewired(twice=keras.layers.Dropout), "each layer reads the one before it"),
        (lambda: build_classifier(merge_mode="mul", lstm={}), "the directions are concatenated"),
        (lambda: build_classifier(activation="tanh"), "is relu with bias"),
        (lambda: build_classifier(lstm={"activation": "relu"}), "the LSTM is tanh, sigmoid"),
        (lambda: build_classifier(lstm={"use_bias": False}), "the LSTM is tanh, sigmoid"),
        (lambda: build_classifier(lstm={"dtype": "mixed_float16"}), "computes in float32"),
    ],
)  # fmt: skip
def test_other_classifiers_are_refused_by_all_but_keras(build, sentence):
    classifier = build()
    for graph in FAST:
        with pytest.raises(ExportError, match=sentence):
            serving_classifier(classifier, graph)
    serving_classifier(classifier, "keras")


def test_an_unknown_graph_is_refused_by_name():
    with pytest.raises(ExportError, match="must be one of auto, fused, packed, keras"):
        serving_classifier(build_classifier(), "xla")


@pytest.mark.parametrize("padded_length", [None, 7, 40, 45])
def test_token_ids_are_the_vectorizers(model, padded_length):
    """Of one text, of a few, and of so many that two halves are read at the same time, the longest in either."""
    whole = SentimentModel(model.cleaner, model.vectorizer, model.classifier, padded_length)
    spec = [tf.TensorSpec([None], tf.string)]
    ids = tf.function(TokenIds(model.cleaner, model.vectorizer, padded_length).__call__, spec)
    long, many = "word " * 100_000, [*["a"] * 40, *["good day a"] * 40]
    for tweets in (
        [],
        [""],
        ["a"],
        [long],
        ["!!", ""],
        TWEETS,
        TWEETS * 6,
        many,
        many[::-1],
        [""] * 65,
    ):
        text = tf.constant(tweets, tf.string)
        np.testing.assert_array_equal(ids(text), whole.token_ids(text))


@pytest.mark.parametrize(
    "settings", [{"split": "character"}, {"ngrams": 2}, {"standardize": "lower"}, {"output_mode": "count"}]
)  # fmt: skip
def test_token_ids_refuse_other_vectorizers(settings):
    vectorizer = keras.layers.TextVectorization(**{"standardize": None, **settings})
    with pytest.raises(ExportError, match="`vectorizer` must have"):
        TokenIds(TweetCleaner(), vectorizer)


FUZZ = textwrap.dedent(
    """
    import sys
    sys.modules["keras"] = sys.modules["jax"] = None  # nothing here asks for them: two thirds of the start
    import numpy as np
    import tensorflow as tf

    loaded = tf.saved_model.load(sys.argv[1])
    draw = np.random.default_rng(int(sys.argv[2]))
    tweets = ["", "!", "good day", "a b c d e f g", "x " * 50, "\\u3000", "sad " * 13]
    for turn in range(int(sys.argv[3])):
        rows = int(draw.choice([0, 1, 2, 4, 5, 16, 17, 33, draw.integers(0, 80)]))
        time = int(draw.choice([0, 1, 2, 40, draw.integers(0, 60)]))
        kind = draw.choice(["padding", "full", "padded", "holes"])
        lengths = {"padding": 0, "full": time}.get(kind, draw.integers(0, time + 1, (rows, 1)))
        ids = np.where(np.arange(time) < lengths, draw.integers(1, 50, (rows, time)), 0)
        if kind == "holes":  # no vectorizer gives them, but they must not end the process
            ids = np.where(draw.random((rows, time)) < 0.5, 0, ids)
        given = loaded.classify(tf.constant(ids, tf.int64)).numpy()
        assert given.shape == (rows, 3) and np.isfinite(given).all(), (rows, time, kind)
        given = loaded.serve(tf.constant(draw.choice(tweets, rows).tolist(), tf.string)).numpy()
        assert given.shape == (rows, 3) and np.isfinite(given).all(), rows
    assert not {"export", "keras_pipeline"} & set(sys.modules)
    print("survived")
    """
)


class Served(tf.Module):
    """A graph as an export holds it, and its numeric half alone, which a fuzz reaches deeper."""

    def __init__(self, model, graph):
        super().__init__()
        self.graph = serving_graph(model, graph)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def serve(self, text):
        return self.graph(text)

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int64)])
    def classify(self, ids):
        return self.graph.classifier(ids)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("graph", "pooled"), [("auto", False), ("auto", True), ("fused", False), ("packed", True)]
)
def test_no_batch_ends_the_process(model, tmp_path, graph, pooled):
    """In a process of its own that has only TensorFlow: an abort is then a failed test."""
    whole = SentimentModel(
        model.cleaner, model.vectorizer, build_classifier(pooled=pooled, scored=pooled)
    )
    tf.saved_model.save(Served(whole, graph), tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(tmp_path), "1", "400"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.strip() == "survived", (done.returncode, done.stderr[-2000:])


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_artefact_holds_each_weight_once_and_stock_ops_only(model, tmp_path, graph):
    module = Served(model, graph)
    tf.saved_model.save(module, tmp_path)
    stored = tf.train.list_variables(str(tmp_path / "variables" / "variables"))
    floats = sum(int(np.prod(shape)) for name, shape in stored if _is_weight(tmp_path, name))
    assert floats == model.classifier.count_params()
    graph_def = module.serve.get_concrete_function().graph.as_graph_def()
    functions = [node for function in graph_def.library.function for node in function.node_def]
    ops = {node.op for node in [*graph_def.node, *functions]}
    assert not [op for op in ops if "PyFunc" in op or "Xla" in op or "Cudnn" in op]


def _is_weight(folder, name):
    reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    return reader.get_variable_to_dtype_map()[name] == tf.float32


@pytest.mark.parametrize("graph", GRAPHS)
def test_tweets_to_probabilities_equal_the_model(model, graph):
    served = Served(model, graph)  # its tf.functions do not keep it alive
    np.testing.assert_allclose(served.serve(tf.constant(TWEETS)), model(TWEETS), atol=1e-5, rtol=0)
