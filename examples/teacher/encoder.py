"""The teacher's network: a MiniLM sentence encoder, mean pooling, one linear layer over the classes."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from encoder_files import encoder_folder
from torch import nn
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

LONGEST_PIECES = 96
"""Word pieces read of one tweet: 280 characters seldom need more."""


class Teacher(nn.Module):
    """Tweets' word pieces to logits: `[batch, pieces] int64 -> [batch, 3] float32`.

    Args:
        dropout: share of the pooled features dropped while training.
    """

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(encoder_folder(), local_files_only=True)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(self.encoder.config.hidden_size, 3)

    def forward(self, pieces: dict[str, torch.Tensor]) -> torch.Tensor:
        """Pooled features, then the linear layer."""
        return self.output(self.dropout(self.features(pieces)))

    def features(self, pieces: dict[str, torch.Tensor]) -> torch.Tensor:
        """Mean of the last layer's vectors over the pieces that count: `[batch, 384] float32`."""
        states = self.encoder(**pieces).last_hidden_state
        counted = pieces["attention_mask"].unsqueeze(-1).to(states.dtype)
        return (states * counted).sum(1) / counted.sum(1).clamp(min=1)


class Pieces:
    """Raw tweets to padded word pieces, a batch at a time."""

    def __init__(self) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(encoder_folder(), local_files_only=True)

    def __call__(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """`[batch] str -> input_ids, attention_mask`, each `[batch, pieces] int64`."""
        encoded: Any = self._tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=LONGEST_PIECES,
            return_tensors="pt",
            return_token_type_ids=False,
        )
        return dict(encoded)


def probabilities(
    model: Teacher,
    pieces: Pieces,
    texts: Sequence[str],
    *,
    batch_size: int = 256,
    temperature: float = 1.0,
    progress: str | None = None,
) -> np.ndarray[Any, Any]:
    """Classify raw tweets: `[rows] str -> [rows, 3] float32`, in the rows' order.

    Args:
        model: what to ask.
        pieces: its tokenizer.
        texts: raw tweets.
        batch_size: tweets asked for at once.
        temperature: logits are divided by it.
        progress: name of a progress bar; None for none.
    """
    model.eval()
    # Neighbours of one length are padded little.
    order = np.argsort([len(text) for text in texts], kind="stable")
    result = np.empty((len(texts), 3), np.float32)
    batches = tqdm([*_cut(order, batch_size)], progress, disable=progress is None)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for rows in batches:
            logits = model(pieces([texts[row] for row in rows]))
            result[rows] = (logits.float() / temperature).softmax(-1).numpy()
    return result


def _cut(order: np.ndarray[Any, Any], size: int) -> Iterator[np.ndarray[Any, Any]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]
