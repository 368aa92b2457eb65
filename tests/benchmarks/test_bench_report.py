"""The table and the aims: one wrong sign here and the README tells a lie."""

import dataclasses
import json

import pytest

from benchmarks import aims
from benchmarks.aims import AIMS, Aim, judge
from benchmarks.measurements import MEASUREMENTS
from benchmarks.report import Report, section_markdown
from benchmarks.shared.results import NOTEBOOK, PRODUCT, Row, Section


def row(who, value, unit="ms", what="call", **more):
    return Row(what=what, who=who, value=value, unit=unit, **more)


def section(*rows, name="latency", baseline="b", **more):
    return Section(name=name, title="Calls", rows=rows, baseline=baseline, **more)


def test_the_table_of_a_measurement():
    table = section_markdown(
        section(
            Row.median("call", "a", [1.0, 2.0, 3.0], "ms"),
            row("b", 4.0, note="slow"),
            Row.mean("macro F1", "a", [0.71, 0.73], "score"),
            row("b", 0.70, "score", "macro F1"),
            Row.missing("call", "c", "ms", "not installed"),
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


CALL = ("latency", "call")


@pytest.mark.parametrize(
    ("aim", "rows", "measured", "words"),
    [
        (
            Aim(what="", figure=CALL, over=NOTEBOOK, limit=60),
            [row(PRODUCT, 0.5), row(NOTEBOOK, 45.0)], 90.0, "reached by a factor of 1.50",
        ),
        (
            Aim(what="", figure=CALL, over=NOTEBOOK, limit=60),
            [row(PRODUCT, 1.0), row(NOTEBOOK, 45.0)], 45.0, "missed by a factor of 1.33",
        ),
        (
            Aim(what="", figure=CALL, limit=15_000),
            [row(PRODUCT, 15_000.0, "tweets/s")], 15_000.0, "reached by a factor of 1.00",
        ),
        (
            Aim(what="", figure=CALL, limit=1.25, at_most=True),
            [row(PRODUCT, 1.0, "times")], 1.0, "reached by a factor of 1.25",
        ),
        (
            Aim(what="", figure=CALL, limit=1.25, at_most=True),
            [row(PRODUCT, 2.5, "times")], 2.5, "missed by a factor of 2.00",
        ),
        (
            Aim(what="", figure=CALL, limit=0.725),
            [row(PRODUCT, 0.7182, "score")], 0.7182, "missed by 0.0068",
        ),
        (
            Aim(what="", figure=CALL, over=NOTEBOOK, limit=0.0),
            [row(PRODUCT, 0.72, "score"), row(NOTEBOOK, 0.69, "score")], 0.03, "reached by 0.0300",
        ),
        (
            Aim(what="", figure=CALL, over=NOTEBOOK, limit=0.0),
            [row(PRODUCT, 0.68, "score"), row(NOTEBOOK, 0.69, "score")], -0.01, "missed by 0.0100",
        ),
        (Aim(what="", figure=CALL, over=NOTEBOOK, limit=1), [row(PRODUCT, 1.0)], None, "not measured"),
        (Aim(what="", figure=CALL, limit=1), [], None, "not measured"),
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
    aim = Aim(what="", figure=CALL, limit=1, **flag)
    verdict = judged(aim, row(PRODUCT, 2.0), **run)
    assert (verdict.measured, verdict.reached, verdict.words) == (2.0, None, words)
    assert judged(aim, row(PRODUCT, 2.0)).reached


def test_aims_ask_for_measurements_that_exist():
    assert {aim.figure[0] for aim in AIMS} <= MEASUREMENTS.keys()


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
