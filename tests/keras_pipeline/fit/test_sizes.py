"""A small table is not trained for two short epochs and then stopped; a large one is trained as the settings say."""

import pytest

from keras_pipeline.config import TrainConfig
from keras_pipeline.fit.sizes import fit_to_rows


def test_500_rows_are_watched_for_150_steps_before_stopping():
    small = fit_to_rows(TrainConfig(), 500)
    steps = -(-500 // small.batch_size)
    assert small.batch_size == 16
    assert small.patience * steps >= 150
    assert small.averaged_epochs * steps >= 40


@pytest.mark.parametrize(("rows", "batch_size", "rate"), [(5_000, 32, 0.5**0.5), (500, 16, 0.5)])
def test_steps_shrink_with_the_root_of_the_batch(rows, batch_size, rate):
    """At the whole rate some seeds never learn anything of a table of 600 rows."""
    small = fit_to_rows(TrainConfig(learning_rate=0.01), rows)
    assert small.batch_size == batch_size
    assert small.learning_rate == pytest.approx(0.01 * rate)


@pytest.mark.parametrize("rows", [6_400, 22_000, 1_600_000])
def test_a_large_table_has_the_settings_as_they_are(rows):
    assert fit_to_rows(TrainConfig(), rows) == TrainConfig()


@pytest.mark.parametrize("rows", [1, 60, 500, 30_000])
def test_the_notebook_stays_the_notebook(rows):
    notebook = TrainConfig.preset("notebook")
    assert fit_to_rows(notebook, rows) == notebook


def test_a_batch_that_is_small_already_stays():
    assert fit_to_rows(TrainConfig(batch_size=8), 50).batch_size == 8


def test_an_average_that_nobody_wants_is_none():
    assert fit_to_rows(TrainConfig(averaged_epochs=0.0), 50).averaged_epochs == 0
