"""Statistics, comparisons and aims: one wrong sign here and the README tells a lie."""

import dataclasses
import json
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from benchmarks import aims
from benchmarks.aims import AIMS, Aim, judge
from benchmarks.measurements import MEASUREMENTS
from benchmarks.report import Report, section_markdown
from benchmarks.shared.results import (
    Row,
    Section,
    advantage,
    find_row,
    mean_and_deviation,
    mean_row,
    median_row,
    missing_row,
    percentile,
    quartiles,
    rate_row,
)
from benchmarks.shared.trainings import Training, log_loss

SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(SAMPLES, st.floats(0, 100))
def test_percentiles_are_numpys(sample, percent):
    expected = np.percentile(sample, percent)
    assert percentile(sample, percent) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(SAMPLES)
def test_quartiles_and_means_are_numpys(sample):
    found = quartiles(sample)
    expected = np.percentile(sample, [25, 50, 75])
    assert [found.low, found.median, found.high] == pytest.approx(expected, rel=1e-9, abs=1e-6)
    mean, deviation = mean_and_deviation(sample)
    assert mean == pytest.approx(np.mean(sample), rel=1e-9, abs=1e-6)
    if len(sample) > 1:
        assert deviation == pytest.approx(np.std(sample, ddof=1), rel=1e-6, abs=1e-4)


@pytest.mark.parametrize(("sample", "percent"), [([], 50), ([1.0], 101), ([1.0], -1)])
def test_a_percentile_of_nothing_is_refused(sample, percent):
    with pytest.raises(ValueError, match=rf"Received: {len(sample)} values, percent={percent}"):
        percentile(sample, percent)


def row(who, value, unit="ms", what="call", **more):
    return Row(what=what, who=who, value=value, unit=unit, **more)


@pytest.mark.parametrize(
    ("unit", "ours", "theirs", "expected"),
    [
        ("ms", 2.0, 6.0, 3.0),
        ("s", 6.0, 2.0, 1 / 3),
        ("MB", 50.0, 100.0, 2.0),
        ("tweets/s", 300.0, 100.0, 3.0),
        ("requests/s", 50.0, 100.0, 0.5),
        ("score", 0.72, 0.70, 0.02),
        ("nats", 0.65, 0.70, -0.05),
    ],
)
def test_more_is_better_of_rates_less_of_times_and_scores_differ(unit, ours, theirs, expected):
    assert advantage(row("a", ours, unit), row("b", theirs, unit)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "base", [row("b", 1.0, "s"), row("b", None, "ms")], ids=["other unit", "no value"]
)
def test_what_cannot_be_compared_is_refused(base):
    with pytest.raises(ValueError, match="Two figures of one unit"):
        advantage(row("a", 1.0, "ms"), base)


def test_rates_of_seconds():
    """Slow seconds are low rates: the quartiles change places."""
    found = rate_row("batch", "us", [1.0, 2.0, 4.0], 100, "tweets/s")
    assert (found.low, found.value, found.high) == (37.5, 50.0, 75.0)
    assert found.samples == 3


def section(*rows, name="latency", baseline="b", **more):
    return Section(name=name, title="Calls", rows=rows, baseline=baseline, **more)


def test_a_row_is_found_by_its_name_and_only_with_a_value():
    sections = [section(row("a", 1.0), row("b", None))]
    assert find_row(sections, ("latency", "call", "a")).value == 1.0
    assert find_row(sections, ("latency", "call", "b")) is None
    assert find_row(sections, ("latency", "other", "a")) is None
    assert find_row(sections, ("quality", "call", "a")) is None


def test_the_table_of_a_measurement():
    table = section_markdown(
        section(
            median_row("call", "a", [1.0, 2.0, 3.0], "ms"),
            row("b", 4.0, note="slow"),
            mean_row("macro F1", "a", [0.71, 0.73], "score"),
            row("b", 0.70, "score", "macro F1"),
            missing_row("call", "c", "ms", "not installed"),
            row("a", 12345.6, "tweets/s", "rate"),
            notes=("In turns.", "Quiet."),
        )
    )
    assert table == (
        "## Calls\n\n"
        "| what | who | figure | spread | unit | against b | samples | note |\n"
        "| :-- | --: | --: | --: | --: | --: | --: | --: |\n"
        "| call | a | 2.00 | 1.50 .. 2.50 | ms | 2.00 x | 3 |  |\n"
        "| call | b | 4.00 |  | ms | 1.00 x | 1 | slow |\n"
        "| macro F1 | a | 0.7200 | ± 0.0141 | score | +0.0200 | 2 |  |\n"
        "| macro F1 | b | 0.7000 |  | score | +0.0000 | 1 |  |\n"
        "| call | c | - |  | ms |  | 0 | not installed |\n"
        "| rate | a | 12,346 |  | tweets/s |  | 1 |  |\n\n"
        "- In turns.\n- Quiet."
    )


def test_a_failed_measurement_says_why():
    table = section_markdown(Section(name="grpc", title="Grpc", failed="the server ended"))
    assert table == "## Grpc\n\n**Failed:** the server ended"


@pytest.fixture
def judged(monkeypatch):
    """A function that holds rows against one aim."""

    def judge_one(aim, *rows, quick=False, twitter=True, **run):
        monkeypatch.setattr(aims, "AIMS", (aim,))
        (verdict,) = judge([section(*rows)], quick=quick, twitter=twitter, **run)
        return verdict

    return judge_one


OURS, THEIRS = ("latency", "call", "a"), ("latency", "call", "b")


@pytest.mark.parametrize(
    ("aim", "rows", "measured", "words"),
    [
        (
            Aim(what="", of=OURS, over=THEIRS, limit=60),
            [row("a", 0.5), row("b", 45.0)], 90.0, "reached by a factor of 1.50",
        ),
        (
            Aim(what="", of=OURS, over=THEIRS, limit=60),
            [row("a", 1.0), row("b", 45.0)], 45.0, "missed by a factor of 1.33",
        ),
        (
            Aim(what="", of=OURS, limit=15_000),
            [row("a", 15_000.0, "tweets/s")], 15_000.0, "reached by a factor of 1.00",
        ),
        (
            Aim(what="", of=OURS, limit=1.25, at_most=True),
            [row("a", 1.0, "times")], 1.0, "reached by a factor of 1.25",
        ),
        (
            Aim(what="", of=OURS, limit=1.25, at_most=True),
            [row("a", 2.5, "times")], 2.5, "missed by a factor of 2.00",
        ),
        (
            Aim(what="", of=OURS, limit=0.725),
            [row("a", 0.7182, "score")], 0.7182, "missed by 0.0068",
        ),
        (
            Aim(what="", of=OURS, over=THEIRS, limit=0.0),
            [row("a", 0.72, "score"), row("b", 0.69, "score")], 0.03, "reached by 0.0300",
        ),
        (
            Aim(what="", of=OURS, over=THEIRS, limit=0.0),
            [row("a", 0.68, "score"), row("b", 0.69, "score")], -0.01, "missed by 0.0100",
        ),
        (Aim(what="", of=OURS, over=THEIRS, limit=1), [row("a", 1.0)], None, "not measured"),
        (Aim(what="", of=OURS, limit=1), [], None, "not measured"),
    ],
)  # fmt: skip
def test_an_aim_is_reached_or_missed_by_how_much(aim, rows, measured, words, judged):
    verdict = judged(aim, *rows)
    assert verdict.measured == pytest.approx(measured)
    assert verdict.words == words
    reached = {"reached": True, "missed": False, "not": None}[words.split()[0]]
    assert verdict.reached is reached


@pytest.mark.parametrize(
    ("flag", "run", "words"),
    [
        ({"full_only": True}, {"quick": True}, "not judged: a quick run"),
        ({"taught_by": "table"}, {"twitter": False}, "not judged: set for Twitter_Data.csv"),
        (
            {"taught_by": "table"},
            {"taught_by": "embeddings"},
            "not judged: set for the table alone",
        ),
    ],
)
def test_an_aim_is_not_judged_where_the_run_says_nothing_about_it(flag, run, words, judged):
    aim = Aim(what="", of=OURS, limit=1, **flag)
    verdict = judged(aim, row("a", 2.0), **run)
    assert (verdict.measured, verdict.reached, verdict.words) == (2.0, None, words)
    assert judged(aim, row("a", 2.0)).reached


def test_aims_ask_for_measurements_that_exist():
    keys = [key for aim in AIMS for key in (aim.of, aim.over) if key is not None]
    assert {name for name, _, _ in keys} <= MEASUREMENTS.keys()


def report(load):
    machine = {
        "cpu": "Some CPU", "cores": 2, "memory_gb": 25.3, "system": "Linux", "python": "3.11.7",
        "packages": {"keras": "3.15"}, "load_average": load,
    }  # fmt: skip
    settings = {
        "data": "data/sample.csv", "rows": 66, "run": None, "quick": False,
        "plan": {"seeds": (42, 43)},
    }  # fmt: skip
    sections = [section(row("a", 1.0), row("b", 2.0))]
    verdicts = judge(sections, quick=False, twitter=True)
    return Report(machine=machine, settings=settings, sections=sections, verdicts=verdicts)


def test_a_report_says_what_the_machine_was_and_what_was_wanted():
    text = report([0.1, 0.2, 0.3]).to_markdown()
    assert "- 2 cores of Some CPU, 25 GB of memory, Linux" in text
    assert "- Python 3.11.7, keras 3.15" in text
    assert "- load average before the start (1, 5, 15 minutes): 0.10 0.20 0.30" in text
    assert "- data: data/sample.csv, 66 rows" in text
    assert "- seeds: 42, 43" in text
    assert "other programs were at work" not in text
    assert (
        "| batch of 2,048: tweets a second on two idle cores | at least 15,000 | - | not measured |"
        in text
    )


def test_a_busy_machine_is_told():
    assert "**other programs were at work before the start" in report([0.5, 0, 0]).to_markdown()


def test_a_host_that_gives_the_processor_to_others_is_told():
    """On a virtual machine a quiet load average may still mean half a processor."""
    shared = report([0, 0, 0])
    shared.machine["stolen_share"] = 0.27
    assert "**a host gave 27% of the processor time to other machines" in shared.to_markdown()
    shared.machine["stolen_share"] = 0.01
    assert "a host gave" not in shared.to_markdown()


def test_each_table_says_what_was_stolen_from_its_own_measurement():
    """Whoever reads one table knows whether its times can be read."""
    row = Row(what="start", who="server", value=1.0, unit="s")
    calm = Section(name="start", title="Start", rows=[row])
    assert "a host gave" not in section_markdown(calm)
    assert "a host gave 40%" in section_markdown(dataclasses.replace(calm, stolen_share=0.4))


def test_the_json_holds_every_figure():
    found = json.loads(report([0, 0, 0]).to_json())
    assert found["sections"][0]["rows"][1]["value"] == 2.0
    assert len(found["aims"]) == len(AIMS)
    assert found["machine"]["cores"] == 2


def training(losses):
    """A training whose epochs took 10, 11, 12 ... seconds."""
    history = [{"seconds": 10.0 + n, "val_loss": loss} for n, loss in enumerate(losses)]
    fields = {field.name: None for field in dataclasses.fields(Training)}
    return Training(**{**fields, "history": history})


def test_seconds_to_the_best_epoch_end_with_it():
    assert training([0.9, 0.7, 0.8, 0.75]).seconds_to_best == 21.0


@pytest.mark.parametrize(("loss", "seconds"), [(1.0, 10.0), (0.8, 21.0), (0.7, 21.0), (0.6, inf)])
def test_seconds_until_another_runs_loss_end_with_the_first_epoch_as_good(loss, seconds):
    """How "three times faster to an equal or better model" is counted."""
    assert training([0.9, 0.7, 0.8, 0.75]).seconds_until(loss) == seconds


def test_log_loss_is_scikit_learns():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]], np.float32)
    expected = metrics.log_loss([0, 2, 0], probabilities, labels=[0, 1, 2])
    assert log_loss(np.array([0, 2, 0]), probabilities) == pytest.approx(expected, rel=1e-5)
    assert log_loss(np.array([0]), np.array([[0.0, 1.0, 0.0]])) < 20  # never infinite
