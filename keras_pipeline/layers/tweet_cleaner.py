r"""Tweet cleaning as `tf.strings` ops: it travels inside the exported graph.

The meaning is the notebook's, for every Unicode string, in this order:

    "Look http://x.co !!"  -> "look !!"       `http` and the non-whitespace behind it are a space
    "thanks@anna!"         -> "thanks !"      `@` and the [A-Za-z0-9_]+ behind it are a space
    "I`m 2 COOL"           -> "i m cool"      what is no ASCII letter, whitespace, ! or ? is a space
    " a \t  b "            -> "a b"           whitespace collapses, ends are stripped

Bytes that are no UTF-8 become U+FFFD first, and so a space: RE2 would pass them through raw.
"""

from typing import Final

import keras
import tensorflow as tf

from keras_pipeline.layers.string_layer import StringLayer

# What Python's `\s` matches in a str. RE2's `\s` is ASCII without \v: a plain port of `http\S+`
# differs at 24 code points (docs/cleaning.md), so the class is written out.
_PYTHON_WHITESPACE: Final = (
    r"\t\n\v\f\r\x{1c}-\x{1f} \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}"
    r"\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)
_URL: Final = rf"http[^{_PYTHON_WHITESPACE}]+"
_MENTION: Final = "@[A-Za-z0-9_]+"
# Whitespace other than a space is one more foreign character. Runs of spaces are joined by a pass of
# their own: matching every single space here makes batches of 256 and 2,048 13 to 25 % slower, though
# one pass less makes a lone tweet up to 10 % faster.
_ANYTHING_ELSE: Final = "[^A-Za-z!? ]+"
_SPACES: Final = "  +"


@keras.saving.register_keras_serializable(package="keras_pipeline")
class TweetCleaner(StringLayer):
    """Clean raw tweets as the notebook did: `string -> string`, any shape.

    Call arguments:
        text: raw tweets, a string tensor of any shape, dense or ragged.

    Returns:
        Cleaned tweets of the same shape: lower-case ASCII letters, `!`, `?` and single spaces.

    Example:
    >>> TweetCleaner()(tf.constant("@anna LOOK http://x.co I`m here!!")).numpy()
    b'look i m here!!'
    """

    def call(self, text: tf.Tensor) -> tf.Tensor:
        """`string -> string`, the same shape."""
        text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
        for pattern in (_URL, _MENTION, _ANYTHING_ELSE, _SPACES):
            text = tf.strings.regex_replace(text, pattern, " ")
        return tf.strings.strip(tf.strings.lower(text))
