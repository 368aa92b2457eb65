"""Build SavedModels of a few kilobytes with any classes, whose every answer tells who gave it.

The class of a text is its length in bytes modulo the number of classes, and its probability follows from the
version: a wrong name, and a name of another version, can be told from the numbers.
"""

import length_model
import tensorflow as tf

TEXTS = length_model.TEXTS


class Labelled(tf.Module):
    """A text's tokens are its words; those that begin with k are known."""

    def __init__(self, version, labels):
        super().__init__()
        self.best = tf.Variable(score(version))
        self.labels = tf.Variable(labels)
        self.count = len(labels)

    def scores(self, text):
        others = (1 - self.best) / (self.count - 1)
        right = tf.one_hot(tf.strings.length(text) % self.count, self.count)
        return right * self.best + (1 - right) * others

    def known(self, text):
        words = tf.strings.split(text)
        hits = tf.strings.regex_full_match(words.values, "k.*")
        hits = words.with_values(tf.cast(hits, tf.float32))
        count = tf.cast(words.row_lengths(), tf.float32)
        return tf.math.divide_no_nan(tf.reduce_sum(hits, axis=1), count)

    @tf.function(input_signature=[TEXTS])
    def serve(self, text):
        return {"probabilities": self.scores(text)}

    @tf.function(input_signature=[TEXTS])
    def label(self, text):
        scores = self.scores(text)
        return {
            "label": tf.gather(self.labels, tf.argmax(scores, axis=1)),
            "score": tf.reduce_max(scores, axis=1),
            "known": self.known(text),
            "probabilities": scores,
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        scores = self.scores(length_model.texts_of(inputs))
        return {"classes": tf.broadcast_to(self.labels, tf.shape(scores)), "scores": scores}


def score(version):
    """The probability that a version gives to a text's class: none of two versions is the same."""
    return 0.75 + version / 1000


def publish(base, version, labels, *, plain=False):
    """Put a version into a base path at once; a plain one has no signature `label`."""
    model = Labelled(version, labels)
    signatures = {"serving_default": model.serve, "classify": model.classify}
    if not plain:
        signatures["label"] = model.label
    staged = base / f"{version}.tmp"
    tf.saved_model.save(model, str(staged), signatures=signatures)
    length_model.declare_classify(staged / "saved_model.pb")
    return staged.rename(base / str(version))


def right(predictions, texts, versions):
    """Whether each text has the names of the version that its numbers tell, of those in `versions`."""
    return len(predictions) == len(texts) and all(
        _is_right(one, text, versions) for one, text in zip(predictions, texts, strict=True)
    )


def _is_right(found, text, versions):
    names = versions[round((found.score - 0.75) * 1000)]
    wanted = names[len(text.encode()) % len(names)]
    return tuple(found.probabilities) == tuple(names) and found.label == wanted
