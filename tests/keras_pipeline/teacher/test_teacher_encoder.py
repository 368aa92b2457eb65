"""The network that teaches is the encoder that its folder holds: by its formulas, and by what it knows."""

import re

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_encoder import HEADS, LAYERS, write_encoder

from keras_pipeline.errors import UserError
from keras_pipeline.fit.words.encoder_files import find_encoder

pytestmark = pytest.mark.slow  # KerasHub is imported for seconds


def bert(ids, weights):
    """BERT's formulas written out: `[pieces] -> mean of the last layer's vectors`."""

    def dense(name, x):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def layer_norm(name, x):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def heads(x):
        return x.reshape(len(ids), HEADS, -1).transpose(1, 0, 2)

    table = {name: weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")}  # fmt: skip
    x = table["word"][ids] + table["position"][: len(ids)] + table["token_type"][0]
    x = layer_norm("embeddings.LayerNorm", x)
    for number in range(LAYERS):
        name = f"encoder.layer.{number}"
        query, key, value = (heads(dense(f"{name}.attention.self.{part}", x)) for part in ("query", "key", "value"))  # fmt: skip
        scores = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1]))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ value
        joined = mixed.transpose(1, 0, 2).reshape(x.shape)
        x = layer_norm(f"{name}.attention.output.LayerNorm", x + dense(f"{name}.attention.output.dense", joined))  # fmt: skip
        inner = dense(f"{name}.intermediate.dense", x)
        gelu = inner / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
        x = layer_norm(f"{name}.output.LayerNorm", x + dense(f"{name}.output.dense", gelu))
    return x.mean(axis=0)


def test_every_weight_of_the_folder_is_where_it_belongs(tmp_path):
    """One left at random, transposed or swapped would show in the features; padding does not."""
    from keras_pipeline.teacher.encoder import Pieces, build_encoder

    folder = write_encoder(tmp_path)
    pieces, weights = Pieces(folder), load_file(folder / "model.safetensors")
    ids = pieces(["good!", "a much longer text, which is bad"])
    assert len(ids[0]) == len("good!") + 2, "each letter, between [CLS] and [SEP]"
    features = build_encoder(folder).predict_on_batch(pieces.batch(ids))
    for row, one in zip(features, ids, strict=True):
        np.testing.assert_allclose(row, bert(one, weights), atol=1e-4)


def test_the_installed_encoder_knows_what_sentences_mean():
    """As its makers have it: what says the same lies near (cosine above 0.8), the weather far away (below 0.2)."""
    from keras_pipeline.teacher.encoder import Pieces, build_encoder

    folder = find_encoder().parent
    pieces, texts = Pieces(folder), ["A man is eating food.", "A man eats something.", "The weather is cold."]  # fmt: skip
    features = build_encoder(folder).predict_on_batch(pieces.batch(pieces(texts)))
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    near, far = unit[0] @ unit[1], unit[0] @ unit[2]
    assert near > 0.8, (near, far)
    assert far < 0.2, (near, far)


def test_what_kerashub_cannot_convert_is_refused_in_one_sentence(tmp_path):
    from keras_pipeline.teacher.encoder import Pieces, build_encoder

    folder = write_encoder(tmp_path)
    (folder / "config.json").write_text('{"model_type": "nobody"}')
    with pytest.raises(UserError, match=re.escape("`--encoder` must be the folder of an encoder")):
        build_encoder(folder)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(UserError, match=re.escape("`--encoder` must be the folder of an encoder")):
        Pieces(folder)
