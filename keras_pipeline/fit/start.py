"""Going on from a trained model: what its vocabulary lacks of the new rows, and its weights taken over."""

from collections.abc import Sequence

import keras

from keras_pipeline.errors import UserError
from keras_pipeline.fit.words.vocabulary import adapt_vectorizer
from keras_pipeline.model import SentimentModel
from keras_pipeline.numeric.token_ids import UNKNOWN_ID
from keras_pipeline.table.stored_texts import Texts


def tell_lacking_words(
    vectorizer: keras.layers.TextVectorization, cleaner: keras.layers.Layer, texts: Texts
) -> None:
    """Print how many words of the new rows are unknown to the model, and the most frequent of them.

    Args:
        vectorizer: the model's.
        cleaner: the model's.
        texts: new rows, `[rows]` str.
    """
    config = vectorizer.get_config()
    everything = keras.layers.TextVectorization(
        standardize=config["standardize"], split=config["split"]
    )
    adapt_vectorizer(everything, cleaner, texts)
    known = set(vectorizer.get_vocabulary())
    words = everything.get_vocabulary()[UNKNOWN_ID + 1 :]
    lacking = [word for word in words if word not in known]
    first = f", such as {', '.join(lacking[:5])}" if lacking else ""
    print(
        f"Vocabulary kept: it lacks {len(lacking):,} of {len(words):,} words of the new rows{first}",
        flush=True,
    )


def take_over(start: SentimentModel, classifier: keras.Model, labels: Sequence[str]) -> None:
    """Begin with the weights of `start`; the last layer is new where the labels are others.

    Args:
        start: the trained model.
        classifier: the new one, of the same sizes.
        labels: its class names.

    Raises:
        UserError: the weights do not fit, for the model is not the one that its run's settings tell.
    """
    layers = [layer for layer in classifier.layers if layer.weights]
    if tuple(labels) != start.labels:
        print(
            "The labels are not those of the run to start from: the last layer is new", flush=True
        )
        layers.pop()
    try:
        for layer in layers:
            layer.set_weights(start.classifier.get_layer(layer.name).get_weights())
    except ValueError as error:
        raise UserError(
            "`--start-from` must be a run whose model has the sizes of its own config.json. "
            f"Received: {str(error).splitlines()[0]}"
        ) from None
