"""A server's process: what it hears, how its end is told, and that none is left behind."""

import os
import signal
import subprocess
import sys

import pytest
from waiting import wait_for

from serving.up import child_server
from serving.up.child_server import PASSED_ON, ChildServer

SLEEP = ["sleep", "60"]
_DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""
DEAF = [sys.executable, "-c", _DEAF]


@pytest.mark.parametrize("number", PASSED_ON)
def test_a_signal_is_passed_on(number):
    before = signal.getsignal(number)
    with ChildServer(SLEEP) as child:
        assert child.exit_code() is None
        assert not child.told_to_stop
        os.kill(os.getpid(), number)
        assert child.wait() == 128 + number
        assert child.told_to_stop
    assert signal.getsignal(number) is before


def test_a_signal_that_comes_before_the_process_does_is_not_lost(monkeypatch):
    start = subprocess.Popen

    def interrupted(*words, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return start(*words, **options)

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with ChildServer(SLEEP) as child:
        assert child.wait() == 128 + signal.SIGTERM


def test_its_own_exit_code_is_told():
    with ChildServer([sys.executable, "-c", "raise SystemExit(7)"]) as child:
        assert child.wait() == 7
        assert not child.told_to_stop


def test_it_gets_our_environment_and_more():
    program = "import os, sys; sys.exit(not (os.environ['MORE'] == 'x' and 'PATH' in os.environ))"
    with ChildServer([sys.executable, "-c", program], {"MORE": "x"}) as child:
        assert child.wait() == 0


def test_none_is_left_behind():
    with pytest.raises(ZeroDivisionError), ChildServer(SLEEP) as child:
        raise ZeroDivisionError
    assert child.exit_code() == 128 + signal.SIGTERM


def test_one_that_does_not_listen_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(child_server, "_STOP_TIMEOUT_S", 0.2)
    with ChildServer([*DEAF, str(tmp_path / "deaf")]) as child:
        wait_for((tmp_path / "deaf").exists)
    assert child.exit_code() == 128 + signal.SIGKILL


def test_ctrl_c_in_a_terminal_reaches_it_once():
    """It is in no group that a terminal signals."""
    with ChildServer(SLEEP) as child:
        assert os.getpgid(child._running.pid) != os.getpgid(0)


def test_a_program_that_is_not_there_changes_nothing():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        ChildServer(["no-such-program"])
    assert signal.getsignal(signal.SIGTERM) is before
