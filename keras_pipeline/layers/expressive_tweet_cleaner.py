r"""A second cleaning, which keeps what people express beside their words. Also `tf.strings` ops only.

    "loooove it :) <3"        -> "loove it SMILE HEART"      stretched letters: two are left
    "what the f***"           -> "what the CENSORED"
    "I can`t... see www.x.co" -> "i cant DOTS see URL"       `can't` stays one word
    "so sad 😢 !!"            -> "so sad FROWN !!"           emoji mean what emoticons mean
    "@anna Call 2day"         -> "call 2day"                 mentions go, digits stay
    "Qué canción 🎸👩‍🚀"       -> "qué canción 🎸 👩‍🚀"        letters of every script; each other emoji
    "我不喜欢"                -> "我 不 喜 欢"               scripts without spaces, by character

Words are lower-case, so an upper-case token can never be a word that somebody wrote. The notebook's
own cleaning is `keras_pipeline.layers.tweet_cleaner`.
"""

from typing import Any, Final

import keras
import tensorflow as tf

from keras_pipeline.layers.string_layer import StringLayer

# Emoticons of either direction, with or without a nose; emoji of the same meaning beside them.
# After lower-casing: `xd` and `:d` stand for `XD` and `:D`.
_EYES: Final = "[:;=]"
_NOSE: Final = "[-o^']?"
_HAPPY_EMOJI: Final = (
    r"[\x{1f600}-\x{1f60f}\x{1f617}-\x{1f61d}\x{1f642}\x{1f917}\x{1f923}\x{1f929}\x{263a}]"
)
_SAD_EMOJI: Final = (
    r"[\x{1f612}-\x{1f616}\x{1f61e}-\x{1f62d}\x{1f630}\x{1f641}\x{1f97a}\x{2639}\x{1f494}]"
)
_HEART_EMOJI: Final = r"[\x{2764}\x{2665}\x{1f495}-\x{1f49f}\x{1f493}\x{1f970}]"

_APOSTROPHE: Final = r"(?:['`\x{b4}\x{2018}\x{2019}\x{fffd}]|\x{ef}\x{bf}\x{bd})"
"""As typed, as this table's source wrote it, and as a broken encoding left it: `motherï¿½s`."""


def _stretched(letters: str) -> tuple[str, str]:
    """Three and more of a letter become two. RE2 has no back reference, but ten groups a pattern."""
    pattern = "|".join(f"({letter}{letter}){letter}+" for letter in letters)
    return pattern, "".join(rf"\{number}" for number in range(1, len(letters) + 1))


Steps = tuple[tuple[str, str], ...]

_MEANING: Final[Steps] = (
    (r"(?:https?:|www\.)\S+", " URL "),
    ("@[a-z0-9_]+", " "),
    (rf"<+3+|{_HEART_EMOJI}+", " HEART "),
    (rf"{_EYES}{_NOSE}[)\]d*]+|[(\[]{_NOSE}{_EYES}|\bx+d+\b|{_HAPPY_EMOJI}+", " SMILE "),
    (rf"{_EYES}{_NOSE}[(\[/\\|]+|[)\]]{_NOSE}{_EYES}|{_SAD_EMOJI}+", " FROWN "),
    (rf"{_EYES}{_NOSE}p+\b", " TONGUE "),
    (r"[a-z]*\*\*+[a-z]*", " CENSORED "),
    (rf"([a-z]){_APOSTROPHE}([a-z])", r"\1\2"),
    (r"\.\.+|\x{2026}", " DOTS "),
    _stretched("abcdefghi"),
    _stretched("jklmnopqr"),
    _stretched("stuvwxyz"),
)
"""What is looked for, and what stands in its place; in this order."""

_ENGLISH: Final[Steps] = (
    *_MEANING,
    ("[^A-Za-z0-9!? ]+", " "),
    ("  +", " "),
)

# What only changes how a character looks: the colour of an emoji or its variant, Arabic vowel signs and
# lengthening. Writers leave them out as they please, and one word would be several.
_LOOKS: Final = r"[\x{fe0f}\x{1f3fb}-\x{1f3ff}\x{640}\x{64b}-\x{652}]"

# Two letters that make a flag; a symbol, and what a zero-width joiner ties to it; a character of a script
# that sets no spaces between words.
_ALONE: Final = (
    r"[\x{1f1e6}-\x{1f1ff}]{2}|\p{So}(?:\x{200d}\p{So})*"
    r"|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
)

# The joiners stay: Persian and Hindi spell words with them. The first two alternatives are letters or
# symbols of a broken encoding.
_FOREIGN: Final = r"(?:\x{ef}\x{bf}\x{bd}|\x{fffd}|[^\p{L}\p{M}\p{N}\p{So}\x{200c}\x{200d}!? ])+"

_EVERY_SCRIPT: Final[Steps] = (
    (_LOOKS, ""),
    *_MEANING,
    (_ALONE, r" \0 "),
    (_FOREIGN, " "),
    ("  +", " "),
)


@keras.saving.register_keras_serializable(package="keras_pipeline")
class ExpressiveTweetCleaner(StringLayer):
    """Clean raw tweets, keeping emoticons, emoji, stretched and censored words: `string -> string`.

    Args:
        every_script: keep letters, marks and digits of every script, each emoji or emoji sequence as a token
            of its own, and characters of scripts without spaces so, too. Else those of ASCII alone: so cleaned
            the models that were saved before this could be chosen.

    Call arguments:
        text: raw tweets, a string tensor of any shape, dense or ragged.

    Returns:
        Cleaned tweets of the same shape: lower-case words, digits, `!`, `?`, single spaces and the
        tokens URL, HEART, SMILE, FROWN, TONGUE, CENSORED and DOTS.

    Example:
    >>> ExpressiveTweetCleaner()(tf.constant("@anna I can't waaaait :D http://x.co")).numpy()
    b'i cant waait SMILE URL'
    >>> ExpressiveTweetCleaner(every_script=True)(tf.constant("Canción 不好 🎸")).numpy().decode()
    'canción 不 好 🎸'
    """

    def __init__(self, *, every_script: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.every_script = every_script

    def call(self, text: tf.Tensor) -> tf.Tensor:
        """`string -> string`, the same shape."""
        text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
        # A byte of an ASCII letter is never part of another character: the same, and cheaper.
        text = tf.strings.lower(text, encoding="utf-8" if self.every_script else "")
        for pattern, replacement in _EVERY_SCRIPT if self.every_script else _ENGLISH:
            text = tf.strings.regex_replace(text, pattern, replacement)
        return tf.strings.strip(text)

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {**super().get_config(), "every_script": self.every_script}
