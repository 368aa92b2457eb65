"""A checkpoint that cannot be written or read costs one sentence, and nothing that was there before."""

import json
import resource
import zipfile

import keras
import numpy as np
import pytest

from keras_pipeline.errors import DiskError, UserError
from keras_pipeline.fit.checkpoint import Checkpoint


def compiled():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(50)])
    model.compile(optimizer="adam", loss="mse")
    return model


def epochs(model, path, count, callbacks=()):
    saver = Checkpoint(path)
    done = saver.restore(model)
    rows = np.ones((4, 2), np.float32), np.ones((4, 50), np.float32)
    model.fit(*rows, initial_epoch=done, epochs=count, verbose=0, callbacks=[*callbacks, saver])
    return done


@pytest.fixture
def saved(tmp_path):
    """A checkpoint of one epoch."""
    epochs(compiled(), tmp_path / "checkpoint.npz", 1)
    return tmp_path / "checkpoint.npz"


@pytest.mark.parametrize("size_bytes", [0, 100, 1000])
def test_a_full_disk_leaves_the_checkpoint_before(saved, size_bytes):
    """A real limit on the size of files, met at the file's beginning, its head or its arrays."""
    before = saved.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_up(epoch, logs):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))

    full = keras.callbacks.LambdaCallback(on_epoch_end=fill_up)
    try:
        with pytest.raises(DiskError) as caught:
            epochs(compiled(), saved, 2, [full])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(caught.value) == (
        f"`{saved}` cannot be written, and what was there before is kept; make room, or see to the disk, "
        "and try again. Received: File too large"
    )
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
    assert saved.read_bytes() == before
    assert epochs(compiled(), saved, 2) == 1, "once there is room, it goes on"


def test_a_damaged_file_gets_one_sentence_wherever_the_damage_is(saved):
    """Cut after each 97th byte, and every 97th byte changed; some hold nothing that matters."""
    whole, refused, tried = saved.read_bytes(), 0, 0
    for position in range(0, len(whole), 97):
        changed = whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :]
        for damaged in (whole[:position], changed):
            saved.write_bytes(damaged)
            tried += 1
            try:
                Checkpoint(saved).restore(compiled())
            except UserError as error:
                refused += str(error).startswith(f"`{saved}` must ") and "\n" not in str(error)
    assert refused > 0.9 * tried


@pytest.mark.parametrize(
    "state",
    ["", "[]", "{}", "[" * 100_000, json.dumps({"history": 3, "finished": True}), '"\\ud800"'],
    ids=["empty", "a list", "nothing", "nested too deeply", "other types", "a text"],
)
def test_other_states_get_one_sentence(saved, state):
    with np.load(saved) as arrays:
        np.savez(saved, **{**arrays, "state": state})
    with pytest.raises(UserError) as caught:
        Checkpoint(saved).restore(compiled())
    assert str(saved) in str(caught.value)


def test_objects_in_it_are_not_loaded(saved):
    """A pickle runs what it likes."""
    with zipfile.ZipFile(saved, "a") as file, file.open("best_0.npy", "w") as entry:
        np.save(entry, np.array([{}], object), allow_pickle=True)
    with pytest.raises(UserError, match="Object arrays cannot be loaded"):
        Checkpoint(saved).restore(compiled())
