"""A table: upload, choose the column, ask, see the doubts, download."""

import io
from typing import Any, BinaryIO, Final, cast

import streamlit as st

from export.tables.reading import Reading
from serving.app.look.bars import bars, in_order
from serving.app.look.escaped import escaped, percent, sentence
from serving.app.parts.shown_errors import sentences
from serving.app.served import Choice, Served, told
from serving.app.table.job import TableJob, open_rows

JOB: Final = "job"
"""Key of the job in the session's state."""
_LOOK_S: Final = 0.5
_KINDS: Final = [
    "csv",
    "tsv",
    "tab",
    "txt",
    "jsonl",
    "ndjson",
    "json",
    "parquet",
    "gz",
    "bz2",
    "xz",
    "zst",
]


def draw_table(choice: Choice, threshold: float, served: Served) -> None:
    """The tab."""
    uploaded = st.file_uploader(
        "A table with a text a row: CSV, TSV, JSON Lines or Parquet, packed or not",
        type=_KINDS,
        key="table",
    )
    job: TableJob | None = st.session_state.get(JOB)
    if uploaded is not None:
        with sentences():
            _draw_start(cast("Any", uploaded), job, choice, served)
    if job is not None:
        # Only a part that is drawn anew twice a second; none where nothing changes any more.
        st.fragment(_draw_job, run_every=_LOOK_S if job.is_running() else None)(threshold)


def _draw_start(uploaded: Any, job: TableJob | None, choice: Choice, served: Served) -> None:
    header = open_rows(_again(uploaded), uploaded.name).header
    if not header:
        raise ValueError(f"The table is empty. Received: {uploaded.name}")
    usual = Reading.text
    if usual not in header:
        st.html(sentence(f"The table has no column {usual}: choose the one that holds the texts."))
    where, button = st.columns([3, 1], vertical_alignment="bottom")
    column = where.selectbox(
        "Column with the texts",
        list(dict.fromkeys(header)),
        index=header.index(usual) if usual in header else None,
        placeholder="Choose",
        # Another table has other columns.
        key=f"column-{hash(tuple(header))}",
    )
    if header.count(str(column)) > 1:
        raise ValueError(f"The table has the column {column} twice: give one of them another name.")
    busy = job is not None and job.is_running()
    if button.button(
        "Ask about every row", type="primary", disabled=busy or column is None, width="stretch"
    ):
        st.session_state[JOB] = TableJob(
            _again(uploaded), uploaded.name, str(column), served.client(choice)
        )
        st.rerun()


def _again(uploaded: Any) -> BinaryIO:
    """The table from its beginning, without a copy: a reader closes what it has read."""
    return io.BytesIO(uploaded.getvalue())


def _draw_job(threshold: float) -> None:
    job: TableJob | None = st.session_state.get(JOB)
    if job is None:
        return
    running = job.is_running()
    _draw_progress(job, running=running)
    if job.tally.counts:
        _draw_counts(job, threshold)
    if not running:
        if st.session_state.get("told") != id(job):
            # The whole page once: its button is free again, and the looking ends. Before the end is drawn: a
            # click on a download that is then drawn anew is lost.
            st.session_state["told"] = id(job)
            st.rerun()
        _draw_end(job)


def _draw_progress(job: TableJob, *, running: bool) -> None:
    line, button = st.columns([5, 1], vertical_alignment="center")
    speed = job.rows / max(job.seconds, 0.001)
    rows = f"{job.rows:,} rows, {speed:,.0f} a second"
    words = rows if running or job.error else f"{rows}: {'stopped' if job.stopped else 'done'}"
    width = f"{100 * job.part:.1f}%"
    line.html(
        f'<p class="ts-small">{escaped(job.name, 80)} · {words}</p>'
        f'<div class="ts-meter" role="progressbar" aria-valuenow="{100 * job.part:.0f}">'
        f'<span style="width:{width}"></span></div>'
    )
    if button.button("Stop", disabled=not running, width="stretch"):
        job.stop()
    for text, kind in ((job.note, "note"), (job.error, "error")):
        if text:
            st.html(sentence(told(ValueError(text)), kind))  # type: ignore[arg-type]


def _draw_counts(job: TableJob, threshold: float) -> None:
    total = max(job.tally.counts.total(), 1)
    counted = in_order({name: float(count) for name, count in job.tally.counts.items()})
    most = max(*(count for _, count in counted), 1)
    rows = [(name, count / most, f"{count:,.0f}") for name, count in counted]
    best = max(counted, key=lambda pair: pair[1])[0]
    unsure = job.tally.below(threshold)
    st.html(
        f'<section class="ts-card ts-low"><p class="ts-caps">answers by class</p>{bars(rows, [best], caption="rows by class")}'
        f'<p class="ts-under" style="margin:.8rem 0 0">{unsure:,} rows ({percent(unsure / total)}) are unsure: below'
        f" {percent(threshold)}</p></section>"
    )


def _draw_end(job: TableJob) -> None:
    if job.rows:
        st.download_button(
            "Download the table with its answers",
            # Read when somebody clicks, not whenever the page is drawn.
            job.path.read_bytes,
            file_name="answers.csv",
            mime="text/csv",
            on_click="ignore",
        )
    doubts = job.tally.doubts()
    if doubts:
        st.html('<p class="ts-caps">the worst doubts first</p>')
        st.dataframe(
            {
                "text": [one.text for one in doubts],
                "answer": [one.label for one in doubts],
                "probability": [-one.certainty for one in doubts],
            },
            hide_index=True,
            height=280,
            column_config={
                "text": st.column_config.TextColumn(width="large"),
                "probability": st.column_config.NumberColumn(format="percent"),
            },
        )
