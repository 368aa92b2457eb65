"""Several hosts, here two processes of one machine: they train what one does, and none waits for one that is gone."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny_tasks import CONFIG, exchange_of

from keras_pipeline import train
from keras_pipeline.errors import StoppedError, UserError
from keras_pipeline.fit.on_jax.hosts import Hosts, hosts_of
from keras_pipeline.fit.on_jax.process import help_others, run_process
from keras_pipeline.numeric.classifier import build_classifier

SAMPLE = Path(__file__).parents[4] / "data" / "sample.csv"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def two_hosts():
    addresses = (f"127.0.0.1:{free_port()}", "127.0.0.1:9")
    return Hosts(addresses, 0), Hosts(addresses, 1)


def process_of(hosts):
    """The number of the process that trains for a host."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if "keras_pipeline.fit.on_jax" in words and words[-4:-1] == hosts.arguments():
            return int(folder.name)
    return None


def trained_by_two(exchange, checkpoint, meanwhile=lambda _: None):
    """What the first one answers, and what the second one raised or None."""
    first, second = two_hosts()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(run_process, exchange, checkpoint, first)
        helped = pool.submit(help_others, second)
        meanwhile(second)
        return answer.exception() or answer.result(), helped.exception()


def weights_in(exchange, config):
    model = build_classifier(config, vocabulary_size=9)
    model.load_weights(exchange.last_weights)
    return model.get_weights()


@pytest.mark.slow
def test_two_hosts_train_what_one_does(tmp_path):
    """Figures of every epoch, validation too, and weights to 1e-5; the second one had no file at all."""
    config = dataclasses.replace(CONFIG, epochs=3)
    alone = exchange_of(tmp_path / "alone", config)
    expected = run_process(alone, tmp_path / "alone.npz")
    together = exchange_of(tmp_path / "together", config)
    answer, failure = trained_by_two(together, tmp_path / "together.npz")
    assert failure is None
    for ours, theirs in zip(answer.history, expected.history, strict=True):
        figures = ours.keys() - {"seconds"}
        assert {name: ours[name] for name in figures} == pytest.approx(
            {name: theirs[name] for name in figures}, abs=1e-5
        )
    pairs = zip(weights_in(together, config), weights_in(alone, config), strict=True)
    assert max(np.abs(ours - theirs).max() for ours, theirs in pairs) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1], ids=["the first host", "the second host"])
def test_a_host_that_is_killed_ends_the_others_with_a_sentence_and_all_go_on(tmp_path, killed):
    """Within two minutes; from the checkpoint of the last epoch, which the first one has."""
    config = dataclasses.replace(CONFIG, epochs=40)
    exchange, checkpoint = exchange_of(tmp_path, config), tmp_path / "checkpoint.npz"
    killed_at = 0.0

    def kill(second):
        nonlocal killed_at
        while not checkpoint.exists():
            time.sleep(0.01)
        victim = dataclasses.replace(second, index=killed)
        os.kill(process_of(victim), signal.SIGKILL)
        killed_at = time.monotonic()

    outcomes = trained_by_two(exchange, checkpoint, kill)
    assert time.monotonic() - killed_at < 120
    for index, outcome in enumerate(outcomes):
        assert isinstance(outcome, StoppedError)
        assert str(outcome).startswith(
            "Training on 2 hosts must go on at every one; finished epochs are kept at the first: start the "
            f"command again at each, there with --resume. Received: at host {index} "
        )
    epochs = len(history_in(checkpoint))
    assert 0 < epochs < 40
    before = history_in(checkpoint)
    answer, failure = trained_by_two(exchange, checkpoint)
    assert failure is None
    assert len(answer.history) == 40
    assert answer.history[:epochs] == before


def history_in(checkpoint):
    return json.loads(str(np.load(checkpoint)["state"]))["history"]


def two_commands(at_first, at_second):
    """The command at each host, in a group of processes of its own, as terminals start it."""
    commands = []
    for hosts, options in zip(two_hosts(), (at_first, at_second), strict=True):
        together = ("--hosts", ",".join(hosts.addresses), "--host-index", str(hosts.index))
        command = [sys.executable, "-m", "keras_pipeline.train", *options, *together]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        commands.append(subprocess.Popen(command, start_new_session=True, **pipes))
    return commands


def ctrl_c_after_an_epoch(command, checkpoint):
    """To the whole group, once there is an epoch more."""

    def epochs():
        return len(history_in(checkpoint)) if checkpoint.exists() else 0

    before, ends_at = epochs(), time.monotonic() + 120
    while epochs() == before:
        assert time.monotonic() < ends_at
        time.sleep(0.01)
    os.killpg(command.pid, signal.SIGINT)


def endings(commands):
    """Of each: exit status, and the last line that it wrote to standard error."""
    errors = [command.communicate(timeout=120)[1] for command in commands]
    assert not any("Traceback" in text for text in errors)
    lasts = [(text.splitlines() or [""])[-1] for text in errors]
    return [(command.returncode, last) for command, last in zip(commands, lasts, strict=True)]


@pytest.mark.slow
def test_ctrl_c_at_any_host_ends_all_with_a_sentence_and_all_go_on(tiny_run, tmp_path):
    """At the second, then at the first, of a run in 16 bits that starts from another one's weights."""
    run = tmp_path / "run"
    checkpoint, jax, resume = run / "checkpoint.npz", ("--backend", "jax"), ("--resume", "--output", str(run))  # fmt: skip
    asked = (
        *jax, "--data", str(SAMPLE), "--start-from", str(tiny_run), "--mixed-precision", "--epochs", "20",
        "--batch-size", "8", "--no-early-stopping", "--no-export", "--output", str(run),
    )  # fmt: skip

    first, second = two_commands(asked, jax)
    ctrl_c_after_an_epoch(second, checkpoint)
    (first_status, told_first), (second_status, told_second) = endings([first, second])
    assert (first_status, second_status) == (1, 130)
    assert "start the command again at each, there with --resume" in told_first
    assert told_second.startswith(
        "interrupted; the others end, too. Go on: the same command here, with --resume at 127.0.0.1:"
    )

    first, second = two_commands(resume, jax)
    ctrl_c_after_an_epoch(first, checkpoint)
    (first_status, _), (second_status, told_second) = endings([first, second])
    assert (first_status, second_status) == (130, 1)
    assert "start the command again at each, there with --resume" in told_second
    assert json.loads((run / "metrics.json").read_text())["interrupted"], (
        "what was learned is saved"
    )

    assert [status for status, _ in endings(two_commands(resume, jax))] == [0, 0]
    assert json.loads((run / "metrics.json").read_text())["epochs"] == 20


@pytest.mark.parametrize(
    ("addresses", "index", "backend", "sentence"),
    [
        ("a:1,b:2", None, "jax", "belong together"),
        (None, 0, "jax", "belong together"),
        ("a:1,b:2", 0, "tensorflow", "needs --backend jax"),
        ("a:1", 0, "jax", "two or more different addresses"),
        ("a:1,a:1", 0, "jax", "two or more different addresses"),
        ("a,b", 0, "jax", "two or more different addresses"),
        ("a:1,b:70000", 0, "jax", "two or more different addresses"),
        ("a:1,b:2", 2, "jax", "between 0 and 1"),
        ("a:1,b:2", -1, "jax", "between 0 and 1"),
    ],
)
def test_hosts_that_make_no_sense_are_refused(addresses, index, backend, sentence):
    with pytest.raises(UserError, match=sentence):
        hosts_of(addresses, index, backend)


def test_without_hosts_this_one_trains_alone():
    assert hosts_of(None, None, "tensorflow") is None


def test_the_command_refuses_hosts_on_tensorflow(tiny_options, capsys):
    """Before it reads anything."""
    assert train.main([*tiny_options, "--hosts", "a:1,b:2", "--host-index", "1"]) == 2
    assert "`--hosts` needs --backend jax" in capsys.readouterr().err
