"""Build SavedModels of a few kilobytes that answer as a served sentiment model does."""

import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

LABELS = ("negative", "neutral", "positive")
TEXTS = tf.TensorSpec([None], tf.string, name="text")


class Tiny(tf.Module):
    """Softmax over 0, a tenth of the text's length in bytes, and the version.

    In float64 before it is a float32: a row's last bit in float32 follows from its place in the batch
    on some processors (AMD EPYC), and the tests compare batches of different sizes exactly.
    """

    def __init__(self, version):
        super().__init__()
        self.version = tf.Variable(float(version))
        self.labels = tf.Variable(LABELS)

    def scores(self, text):
        length = tf.cast(tf.strings.length(text), tf.float64)
        zero = 0.0 * length  # no Shape op: it refuses [0, 2**62], which a server must answer
        version = zero + tf.cast(self.version, tf.float64)
        logits = tf.stack([zero, length / 10, version], axis=1)
        return tf.cast(tf.nn.softmax(logits), tf.float32)

    @tf.function(input_signature=[TEXTS])
    def serve(self, text):
        return {"probabilities": self.scores(text)}

    @tf.function(input_signature=[TEXTS])
    def label(self, text):
        scores = self.scores(text)
        best = tf.argmax(scores, axis=1)
        return {
            "label": tf.gather(self.labels, best),
            "score": tf.reduce_max(scores, axis=1),
            "probabilities": scores,
        }

    @tf.function(input_signature=[TEXTS])
    def bare(self, text):
        return {"score": tf.reduce_max(self.scores(text), axis=1)}

    @tf.function(input_signature=[TEXTS])
    def narrow(self, text):
        return {"probabilities": self.scores(text)[:, :2]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        scores = self.scores(texts_of(inputs))
        return {
            "classes": tf.tile(self.labels[None, :], [tf.shape(scores)[0], 1]),
            "scores": scores,
        }

    @tf.function(input_signature=[TEXTS])
    def refuse(self, text):
        with tf.control_dependencies([tf.debugging.Assert(False, ["no sentiment today"])]):
            return {"probabilities": self.scores(text)}

    @tf.function(input_signature=[TEXTS])
    def hang(self, text):
        """Hours of work, unless it is cancelled."""
        count = tf.while_loop(lambda i: i < 2**40, lambda i: (i + 1,), [tf.constant(0, tf.int64)])[
            0
        ]
        return {"probabilities": self.scores(text) + tf.cast(count, tf.float32)}

    @tf.function(input_signature=[TEXTS])
    def read(self, text):
        """Makes the first file, then reads the second: a FIFO keeps the operation busy, cancelled or not."""
        with tf.control_dependencies([tf.io.write_file(text[0], "reading")]):
            content = tf.io.read_file(text[1])
        return {"probabilities": self.scores(content[None])}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, name="weight"),
            tf.TensorSpec(None, tf.string, name="text"),
        ]
    )
    def pair(self, weight, text):
        """Neither arguments nor results in the order of their names."""
        size = tf.shape(weight)[0]
        return {"sum": tf.reduce_sum(weight), "echo": tf.identity(text), "size": size}


def texts_of(examples):
    """The feature `text` of serialized tf.Examples, "" where one has none."""
    feature = tf.io.FixedLenFeature([], tf.string, default_value="")
    return tf.io.parse_example(examples, {"text": feature})["text"]


def build(version, path):
    """Save the model as `path`."""
    model = Tiny(version)
    names = ("label", "bare", "narrow", "classify", "refuse", "hang", "read", "pair")
    signatures = {"serving_default": model.serve, **{name: getattr(model, name) for name in names}}
    tf.saved_model.save(model, str(path), signatures=signatures)
    declare_classify(Path(path) / "saved_model.pb")


def declare_classify(file):
    """TensorFlow 2 writes every signature as a Predict one; Classify looks for its own method name."""
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    signature = saved.meta_graphs[0].signature_def["classify"]
    signature.method_name = "tensorflow/serving/classify"
    file.write_bytes(saved.SerializeToString())


def expected(text, version):
    """The probabilities that version gives to a text."""
    logits = np.array([0.0, len(text.encode()) / 10, version])
    powers = np.exp(logits - logits.max())
    return np.float32(powers / powers.sum())


class Library:
    """Version directories, each built when it is first asked for."""

    def __init__(self, folder):
        self._folder = folder

    def path(self, version):
        path = self._folder / str(version)
        if not path.exists():
            build(version, path)
        return path

    def publish(self, version, base, *, change=None):
        """Put a version into a base path at once, as a publisher does; `change` edits it before."""
        base.mkdir(parents=True, exist_ok=True)
        staged = base / f"{version}.tmp"
        shutil.copytree(self.path(version), staged)
        if change is not None:
            change(staged)
        return staged.rename(base / str(version))


def warm_up_with(*records):
    """A change to a version directory: give it these warmup records."""

    def change(path):
        folder = path / "assets.extra"
        folder.mkdir()
        with tf.io.TFRecordWriter(str(folder / "tf_serving_warmup_requests")) as writer:
            for record in records:
                writer.write(record if isinstance(record, bytes) else record.SerializeToString())

    return change


def predict_log(signature="", texts=("a",)):
    """A warmup record."""
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.signature_name = signature
    log.predict_log.request.inputs["text"].CopyFrom(tf.make_tensor_proto(list(texts)))
    return log
