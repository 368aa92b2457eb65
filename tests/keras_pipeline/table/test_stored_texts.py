"""Texts in a temporary file behave like an object array of str, and are read only where needed."""

import resource

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_pipeline.errors import DiskError
from keras_pipeline.table.stored_texts import TextFile, text_batches

TEXTS = ["so good", "", "caf\u00e9 \U0001f600", "line\nbreak \0", "\ud800 alone", "well"]


@pytest.fixture
def texts():
    """Two pieces, as a table is read in chunks."""
    file = TextFile()
    file.append(TEXTS[:2])
    file.append(TEXTS[2:])
    return file.view()


def test_what_went_in_comes_out(texts):
    """Empty texts, several bytes a character, line breaks, NUL and lone surrogates."""
    assert len(texts) == len(TEXTS)
    assert list(texts) == texts.tolist() == np.asarray(texts).tolist() == TEXTS
    assert np.asarray(texts).dtype == object


@pytest.mark.parametrize(
    "index",
    [slice(1, 4), slice(None, None, -1), [4, 0, 0], np.array([], int), np.arange(6) % 2 == 0],
    ids=["slice", "backwards", "numbers", "none", "mask"],
)
def test_an_index_means_what_it_means_to_an_array(texts, index):
    """And so it does once more, in what the first one gave."""
    expected = np.array(TEXTS, object)[index]
    assert texts[index].tolist() == expected.tolist()
    assert texts[index][::-1].tolist() == expected[::-1].tolist()


def test_one_number_gives_the_text(texts):
    assert [texts[0], texts[np.int64(2)], texts[-1], texts[[5, 1]][0]] == [
        *TEXTS[::2][:2],
        "well",
        "well",
    ]
    with pytest.raises(IndexError):
        texts[6]


def test_arrays_and_stored_texts_are_joined_as_arrays(texts):
    joined = np.concatenate([texts[:1], np.array(["new"], object)])
    assert joined.tolist() == ["so good", "new"]


def test_a_view_is_of_the_texts_that_were_there(texts):
    texts.file.append(["later"])
    assert len(texts) == len(TEXTS)
    assert texts.file.view()[-1] == "later"


def test_no_room_is_told_in_one_sentence():
    """A real limit on the size of files: what a full disk gives, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    file = TextFile()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(
            DiskError, match=r"room for a temporary file in .* Received: File too large"
        ):
            file.append(["too long " * 1000])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.integers(1, 9))
@settings(deadline=None)
def test_batches_hold_every_text_in_order(texts, size):
    """From a file and from an array; the dataset knows how many batches there are."""
    file = TextFile()
    file.append(texts)
    for source in (file.view(), np.array([*texts, None], object)[:-1]):
        batches = text_batches(source, size)
        found = list(batches.as_numpy_iterator())
        assert [text.decode() for batch in found for text in batch] == texts
        assert len(found) == len(batches) == -(-len(texts) // size)
