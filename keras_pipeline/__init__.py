"""From a table of texts to one trained Keras graph that answers raw strings.

`import keras_pipeline` is quick: TensorFlow and Keras come with the first name that needs them, so
that `--help` and a mistyped option are answered at once. Where Keras is imported already, this
package's layers are registered with it at once: `keras.saving.load_model` reads a saved run back, with
`safe_mode` on. `import keras_pipeline.model` does so in any order.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

from export.start.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:
    from keras_pipeline.config import TrainConfig
    from keras_pipeline.layers import ExpressiveTweetCleaner, TweetCleaner, build_vectorizer
    from keras_pipeline.model import SentimentModel, load_model
    from keras_pipeline.numeric.classifier import build_classifier

_HOMES: Final = {
    "ExpressiveTweetCleaner": "keras_pipeline.layers",
    "SentimentModel": "keras_pipeline.model",
    "TrainConfig": "keras_pipeline.config",
    "TweetCleaner": "keras_pipeline.layers",
    "build_classifier": "keras_pipeline.numeric.classifier",
    "build_vectorizer": "keras_pipeline.layers",
    "load_model": "keras_pipeline.model",
}

__all__ = [
    "ExpressiveTweetCleaner",
    "SentimentModel",
    "TrainConfig",
    "TweetCleaner",
    "build_classifier",
    "build_vectorizer",
    "load_model",
]


def __getattr__(name: str) -> Any:
    """Import what was asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'keras_pipeline' has no attribute {name!r}")
    import_tensorflow()
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if sys.modules.get("keras"):
    importlib.import_module("keras_pipeline.model")
