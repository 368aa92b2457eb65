"""Settings that fit into no memory, and memory that ran out: one sentence with the options to lower."""

import dataclasses

import pytest
import tensorflow as tf

from keras_pipeline import train
from keras_pipeline.config import TrainConfig
from keras_pipeline.errors import MemoryShortageError, UserError
from keras_pipeline.fit.memory import check_fits, explain_shortage, memory_bytes

GIGABYTE = 10**9


def test_the_presets_fit_into_a_small_machine():
    for preset in ("default", "notebook", "transfer"):
        check_fits(TrainConfig.preset(preset), words=40_000, rows=2_000_000, memory=GIGABYTE)


@pytest.mark.parametrize(
    ("settings", "rows", "options"),
    [
        ({"lstm_units": 2_000_000}, 0, "lower --lstm-units or --embedding-dim. Received: lstm_units=2000000"),
        ({"embedding_dim": 2_000_000}, 0, "lower --vocabulary-size or --embedding-dim"),
        ({"dense_units": 2**31 - 1}, 0, "lower --dense-units or --lstm-units"),
        ({"batch_size": 2_000_000}, 2_000_000, "lower --batch-size, --sequence-length or --lstm-units"),
        (
            {"sequence_length": 2**31 - 1, "pad_to_longest": False},
            64,
            "sequence_length=2147483647",
        ),
    ],
)  # fmt: skip
def test_what_takes_most_is_named(settings, rows, options):
    config = TrainConfig(**settings)
    with pytest.raises(MemoryShortageError) as caught:
        check_fits(config, words=1_000, rows=rows, memory=GIGABYTE)
    assert "must fit into the 1.0 GB of memory of this machine" in str(caught.value)
    assert options in str(caught.value)


def test_a_batch_is_no_larger_than_the_rows_there_are():
    """`--batch-size 1000000` is a way to ask for all of a small table at once."""
    check_fits(TrainConfig(batch_size=10**9), words=1_000, rows=500, memory=GIGABYTE)


def test_this_machine_has_some():
    assert GIGABYTE / 10 < memory_bytes() < 2**50


@pytest.mark.parametrize(
    "shortage",
    [
        # TensorFlow tries again for ten seconds.
        pytest.param(lambda: tf.zeros([2**45]), marks=pytest.mark.slow),
        lambda: bytearray(2**62),
        lambda: (_ for _ in ()).throw(MemoryError()),
    ],
    ids=["TensorFlow", "Python", "without a word"],
)
def test_memory_that_ran_out_is_one_sentence(shortage):
    """Real ones: more than any machine has."""

    def run():
        made = shortage()
        return next(made, None) if hasattr(made, "__next__") else made

    with pytest.raises(MemoryShortageError, match="ran out of memory; lower --") as caught, explain_shortage(TrainConfig()):  # fmt: skip
        run()
    assert "\n" not in str(caught.value)


def test_every_whole_number_has_an_upper_bound():
    """TensorFlow's own is a traceback of OverflowError."""
    names = [f.name for f in dataclasses.fields(TrainConfig) if type(f.default) is int]
    assert len(names) > 10
    for name in names:
        with pytest.raises(UserError, match=f"`{name}` must be below "):
            TrainConfig(**{name: 99_999_999_999})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lstm-units", "99999999999"], "`lstm_units` must be below 2147483648"),
        (["--lstm-units", "2000000"], "lower --lstm-units or --embedding-dim"),
        (["--vocabulary-size", "9" * 400], "`vocabulary_size` must be below"),
    ],
)
def test_the_command_says_so_before_it_reads(options, words, tmp_path, capsys):
    assert train.main(["--data", str(tmp_path / "none.csv"), *options]) == 2
    message = capsys.readouterr().err
    assert words in message
    assert message.count("\n") == 1
