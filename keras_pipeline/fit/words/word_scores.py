"""Find the scores of words: linear models over words, their character n-grams and pairs, then their share.

    rows of words   -> each word is itself and the 2 to 5 letters long pieces of it; and pairs of neighbours
    scikit-learn    -> a weight of each piece, for each class: the sum of a logistic regression's and of
                       one that begins with naive Bayes
    summed by word  -> [vocabulary, classes + 1], the table of `keras_pipeline.numeric.word_scores`
    by pair         -> [buckets, classes + 1], its pairs

A text's features are TF-IDF's, but for its length: the root of the sum of its words' squares stands for
the length of their sum, so that the features, and with them the answer, are sums over words. On nine small
tables that costs a point, and the ratios bring two (docs/training.md).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from keras_pipeline.fit.batches import TokenRows
from keras_pipeline.fit.words.word_pairs import WordPairs
from keras_pipeline.numeric.temperature import cross_entropies
from keras_pipeline.numeric.token_ids import UNKNOWN_ID

MOST_ROWS: Final = 30_000
"""That the regression learns from; a network that has more needs its help less, and this takes seconds."""

MOST_CLASSES: Final = 50
"""Beyond, the table of scores would be larger than that of the words' vectors."""

_PIECES: Final = (2, 5)
_LEAST_TEXTS: Final = 2
"""That a piece must stand in."""

_STEPS: Final = 100
_PSEUDO_COUNT: Final = 0.1
"""Of each feature in each class; one word brings about 0.1 of each of its own."""

_RATIOS_ROWS: Final = 10_000
"""Up to so many, what began with naive Bayes has a full say; of more rows the plain regression finds better weights."""

_TRUSTS: Final = np.geomspace(0.25, 1.5, 13)
_SHARES: Final = np.geomspace(0.02, 4.0, 28)
_SPREAD_OF_TRUST, _SPREAD_OF_SHARE = 0.5, 0.3
_USUAL_SHARE: Final = 1.4
"""With few rows to validate on trust stays near 1 and the share near this, which suited nine small tables."""

_FEW_ROWS: Final = 500
"""Of more the share's spread grows with their number: the 2,200 of Twitter_Data.csv want a tenth of the words, and are
right (docs/log.md). The network was stopped where these rows liked it best, so few of them speak for it too loudly."""

_MANY_ROWS: Final = 2_000
_LEAST_GAIN: Final = 0.01
"""Share of the loss that the scores must take away where so many rows tell: they are a tenth of an answer's time."""

Array = np.ndarray[Any, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """Weights for the layer.

    Attributes:
        pairs: those that have scores.
        said_by_pairs: `[buckets, classes + 1] float32`, squares last.
        table: `[vocabulary, classes + 1] float32`, squares last.
        bias: `[classes] float32`.
        trust: in the network: the power of its probabilities.
        share: of the words' say beside the network's, in table and bias already.
        watched: logits of network and words for the rows by which trust and share were chosen, of scores that
            did not learn from them, `[rows, classes] float64`.
    """

    pairs: WordPairs
    said_by_pairs: Array
    table: Array
    bias: Array
    trust: float = 1.0
    share: float = 1.0
    watched: Array = dataclasses.field(default_factory=lambda: np.zeros((0, 0)))

    def weights(self) -> list[Array]:
        """In the layer's order."""
        trust = np.asarray(self.trust, np.float32)
        return [self.said_by_pairs, self.pairs.keys, self.table, self.bias, trust]

    def logits(self, rows: TokenRows) -> Array:
        """What the words of each row say: `[rows, classes] float64`."""
        sums = _counts(rows, len(self.table)) @ self.table.astype(np.float64)
        sums += self.pairs.counts(rows) @ self.said_by_pairs.astype(np.float64)
        return sums[:, :-1] / np.sqrt(np.maximum(sums[:, -1:], 1e-4)) + self.bias

    def scaled(self, trust: float, share: float) -> "Scores":
        """With their say multiplied by `trust * share`, and the network's by `trust`."""
        return dataclasses.replace(self._times(trust * share), trust=trust, share=share)

    def cooled(self, temperature: float) -> "Scores":
        """With everybody's say divided by it."""
        return dataclasses.replace(self._times(1 / temperature), trust=self.trust / temperature)

    def _times(self, factor: float) -> "Scores":
        factors = np.append(np.full(len(self.bias), factor, np.float32), np.float32(1))
        return dataclasses.replace(
            self,
            said_by_pairs=self.said_by_pairs * factors,
            table=self.table * factors,
            bias=self.bias * factors[:-1],
        )


def fit_word_scores(
    words: Sequence[str], train: TokenRows, validation: TokenRows, answers: Array, seed: int
) -> Scores | None:
    """Scores by what the training rows hold, and their share by what is best on the validation rows.

    Then the scores are found again with the validation rows, too, where all are few: nothing is left to
    be chosen by them. None where many validation rows say that the words bring too little.

    Args:
        words: the vocabulary, padding and unknown first.
        train: rows to learn from.
        validation: rows that the network did not learn from.
        answers: the network's to them, `[rows, classes]`.
        seed: draws rows where there are more than `MOST_ROWS`.
    """
    if len(train) > MOST_ROWS:
        drawn = np.random.default_rng(seed).choice(len(train), MOST_ROWS, replace=False)
        train = train.take(np.sort(drawn))
    scores = _regression(words, train)
    network, said = logarithms(answers), scores.logits(validation)
    trust, share = _best_scales(network, said, validation)
    watched = trust * (network + share * said)
    if not _is_worth_it(network, watched, validation):
        return None
    if len(train) + len(validation) <= MOST_ROWS:
        train += dataclasses.replace(validation, weights=_weights_by_class(train, validation))
        scores = _regression(words, train)
    return dataclasses.replace(scores.scaled(trust, share), watched=watched)


def _is_worth_it(network: Array, mixed: Array, rows: TokenRows) -> bool:
    """Whether the words' say takes enough of the loss away; where few rows tell, it is taken for granted.

    One standard error is granted to it, so that only what is clearly little is left out.

    Args:
        network: logits of the network alone, `[rows, classes]`.
        mixed: with the words' say.
        rows: with their targets and weights.
    """
    if len(rows) < _MANY_ROWS:
        return True
    targets, weights = rows.targets.numpy(), rows.weights.numpy()
    weights = weights / weights.sum()
    alone = min(
        (cross_entropies(trust * network, targets) for trust in _TRUSTS),
        key=lambda losses: weights @ losses,
    )
    gains = alone - cross_entropies(mixed, targets)
    gain = weights @ gains
    error = np.linalg.norm(weights * (gains - gain))
    return bool(gain + error >= _LEAST_GAIN * (weights @ alone))


def logarithms(answers: Array) -> Array:
    """Of probabilities, `[rows, classes]`: finite ones, also of 0."""
    return np.log(np.maximum(answers, 1e-30))


class _Pieces:
    """Features of each word: itself and its pieces; and of pairs. All are weighed by how few texts hold them.

    Args:
        words: the vocabulary.
        rows: texts to count in.

    Attributes:
        features: `[vocabulary, features]`, sparse; nothing for padding and unknown words.
        squares: sum of each word's squares, `[vocabulary]`.
        pairs: of neighbouring words.
        pair_weights: the one feature of each, `[buckets]`.
    """

    def __init__(self, words: Sequence[str], rows: TokenRows) -> None:
        counts = _counts(rows, len(words))
        named = ["" if number <= UNKNOWN_ID else word for number, word in enumerate(words)]
        vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=_PIECES, lowercase=False)
        pieces = vectorizer.fit_transform(named).astype(np.float64)
        texts_with = _texts_with(counts, pieces)
        pieces = pieces[:, texts_with >= _LEAST_TEXTS]
        rarity = _rarity(texts_with[texts_with >= _LEAST_TEXTS], len(rows))
        pieces = pieces @ sparse.diags(rarity)
        texts_with_word = np.bincount(counts.indices, minlength=len(words))
        own = np.where(texts_with_word, _rarity(texts_with_word, len(rows)), 0.0)
        # A word has one feature of itself and dozens of pieces: as a whole both weigh the same.
        squares = _squares(pieces)
        own *= np.sqrt((counts @ squares).sum() / max((counts @ own**2).sum(), 1e-12))
        self.features = sparse.hstack([sparse.diags(own), pieces]).tocsr()
        self.squares = own**2 + squares
        self.pairs = WordPairs.of(rows, len(words))
        held = self.pairs.counts(rows)
        texts_with_pair = np.bincount(held.indices, minlength=len(self.pairs.keys))
        rarity = np.where(texts_with_pair, _rarity(texts_with_pair, len(rows)), 0.0)
        # And the pairs as much as the words themselves.
        shares = (counts @ own**2).sum() / max((held @ rarity**2).sum(), 1e-12)
        self.pair_weights = rarity * np.sqrt(shares)

    def of(self, rows: TokenRows) -> Any:
        """`[rows, features + buckets]`, sparse; each about `sqrt(2)` long."""
        counts, held = _counts(rows, len(self.squares)), self.pairs.counts(rows)
        squares = counts @ self.squares + held @ self.pair_weights**2
        shortened = sparse.diags(1 / np.sqrt(np.maximum(squares, 1e-12) / 2))
        by_pairs = held @ sparse.diags(self.pair_weights)
        return (shortened @ sparse.hstack([counts @ self.features, by_pairs])).tocsr()


def _regression(words: Sequence[str], rows: TokenRows) -> Scores:
    """scikit-learn's weights, summed by word."""
    pieces = _Pieces(words, rows)
    features, labels, weights = pieces.of(rows), _labels(rows), rows.weights.numpy()
    classes = np.unique(labels)
    found = np.zeros((features.shape[1] + 1, rows.targets.shape[1]))
    say = min(1.0, _RATIOS_ROWS / len(rows))
    if len(classes) > 2:
        found[:, classes] = _fitted(features, labels, weights)
        for label in classes:
            found[:, label] += say * _fitted_by_ratio(features, labels == label, weights)[:, 0]
    elif len(classes) == 2:  # the second one's logit, the first one's being 0
        second = labels == classes[1]
        found[:, classes[1:]] = _fitted(features, second, weights)
        found[:, classes[1:]] += say * _fitted_by_ratio(features, second, weights)
    return _scores(pieces, np.sqrt(2) * found[:-1], found[-1])


def _scores(pieces: _Pieces, weights: Array, bias: Array) -> Scores:
    """Summed by word and by pair."""
    of_words, of_pairs = np.split(weights, [pieces.features.shape[1]])
    by_word, by_pair = (
        np.column_stack(columns).astype(np.float32)
        for columns in (
            (pieces.features @ of_words, pieces.squares),
            (pieces.pair_weights[:, np.newaxis] * of_pairs, pieces.pair_weights**2),
        )
    )
    return Scores(pieces.pairs, by_pair, by_word, bias.astype(np.float32))


def _fitted(features: Any, labels: Array, weights: Array) -> Array:
    """Of scikit-learn's regression: `[features + 1, classes]`, for two classes one column; the bias last."""
    model = LogisticRegression(max_iter=_STEPS, tol=1e-3)
    # Weights of pieces that no row holds would stay 0; they are half of all, and cost 15 seconds in place of 13.
    held = np.flatnonzero(features.getnnz(axis=0))
    model.fit(features[:, held], labels, sample_weight=weights)
    found = np.zeros((features.shape[1] + 1, len(model.coef_)))
    found[held] = model.coef_.T
    found[-1] = model.intercept_
    return found


def _fitted_by_ratio(features: Any, is_class: Array, weights: Array) -> Array:
    """The same of one class against the others, each feature multiplied by its log-count ratio.

    Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification" (ACL 2012).
    """
    inside, outside = (
        _PSEUDO_COUNT + np.asarray(features[rows].sum(axis=0)).ravel()
        for rows in (is_class, ~is_class)
    )
    ratios = np.log((inside / inside.sum()) / (outside / outside.sum()))
    found = _fitted(features @ sparse.diags(ratios), is_class, weights)
    return found * np.append(ratios, 1.0)[:, np.newaxis]


def _labels(rows: TokenRows) -> Array:
    """The class that is most likely for each row."""
    return rows.targets.numpy().argmax(axis=1)


def _weights_by_class(rows: TokenRows, others: TokenRows) -> Array:
    """What a row of each class weighs in `rows`, for `others`: `[others] float32`."""
    labels, classes = _labels(rows), rows.targets.shape[1]
    total = np.bincount(labels, rows.weights.numpy(), classes)
    mean = total / np.maximum(np.bincount(labels, minlength=classes), 1)
    return mean[_labels(others)].astype(np.float32)


def _best_scales(network: Array, said: Array, rows: TokenRows) -> tuple[float, float]:
    """Trust in the network and the words' share beside it, by the loss on `rows` and how likely each was."""
    targets, weights = rows.targets.numpy(), rows.weights.numpy()
    spread = _SPREAD_OF_SHARE * max(1.0, len(rows) / _FEW_ROWS)

    def loss(trust: float, share: float) -> float:
        losses = cross_entropies(trust * (network + share * said), targets)
        off_trust = np.log(trust) / _SPREAD_OF_TRUST
        off_share = np.log(share / _USUAL_SHARE) / spread
        return float(weights @ losses + (off_trust**2 + off_share**2) / 2)

    scales = [(trust, share) for trust in _TRUSTS for share in _SHARES]
    trust, share = min(scales, key=lambda scale: loss(*scale))
    return float(trust), float(share)


def _counts(rows: TokenRows, words: int) -> Any:
    """How often each word stands in each row: `[rows, vocabulary]`, sparse; no unknown words."""
    ids, splits = rows.ids.values.numpy().astype(np.int32), rows.ids.row_splits.numpy()
    counts = sparse.csr_matrix((ids > UNKNOWN_ID, ids, splits), (len(rows), words), np.float64)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    return counts


def _texts_with(counts: Any, pieces: Any) -> Array:
    """In how many rows each piece stands: `[pieces] int`."""
    held = (counts != 0).astype(np.int32) @ (pieces != 0).astype(np.int32)
    return np.bincount(held.indices, minlength=pieces.shape[1])


def _rarity(texts_with: Array, texts: int) -> Array:
    """The inverse document frequency as scikit-learn smooths it."""
    return np.log((1 + texts) / (1 + texts_with)) + 1


def _squares(features: Any) -> Array:
    return np.asarray(features.multiply(features).sum(axis=1)).ravel()
