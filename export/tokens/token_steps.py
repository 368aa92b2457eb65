"""What a caller must do to a tweet for a model that takes token ids, told of the trained model.

docs/export.md has the same as a few lines of Python; assets.extra/examples.json to test against.
"""

from typing import Any

from export.signatures import VOCABULARY_ASSET


def token_steps(model: Any) -> list[str]:
    """One sentence a step.

    Args:
        model: see `export.graph.serving_graph.serving_graph`.
    """
    vectorizer = model.vectorizer.get_config()
    standardize = vectorizer["standardize"]
    then = f", then as `{standardize.__name__}` does" if standardize else ""
    width = model.padded_length
    longest = "so that all rows of a batch are as long as its longest"
    return [
        f"Clean the text as `{type(model.cleaner).__name__}` does (docs/cleaning.md){then}.",
        f"Split at whitespace and keep the first {vectorizer['output_sequence_length']} tokens.",
        f"A token's id is its line number, from 0, in {VOCABULARY_ASSET}; 1 if it is not there.",
        f"Pad with 0 at the right, {f'to {width} ids always' if width else longest}.",
        "Test it against assets.extra/examples.json, which holds texts, their ids and probabilities.",
    ]
