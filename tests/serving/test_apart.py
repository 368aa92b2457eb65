"""Work that Ctrl-C cannot cut off is done by threads that are kept; the main thread only waits for it."""

import contextvars
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from serving import apart as module
from serving.apart import apart


def test_the_result_is_the_works():
    assert apart(lambda: 3) == 3


def test_its_error_is_raised_where_it_is_waited_for():
    with pytest.raises(ZeroDivisionError):
        apart(lambda: 1 / 0)
    assert apart(lambda: 3) == 3


def test_the_thread_is_kept():
    first = apart(threading.current_thread)
    assert first is not threading.main_thread()
    assert apart(threading.current_thread) is first


def test_another_thread_does_its_work_itself():
    found = []
    asking = threading.Thread(target=lambda: found.append(apart(threading.current_thread)))
    asking.start()
    asking.join()
    assert found == [asking]


def test_context_variables_are_the_callers():
    variable = contextvars.ContextVar("variable", default="nobody's")
    variable.set("the caller's")
    assert apart(variable.get) == "the caller's"


def test_the_main_thread_runs_no_callback_of_a_weak_reference():
    """An interrupt that comes in one is lost: Python prints it and goes on."""
    apart(int)
    called = []
    sys.setprofile(lambda frame, *_: called.append(frame.f_code))
    try:
        apart(int)
    finally:
        sys.setprofile(None)
    assert [one.co_name for one in called if "weakref" in one.co_filename] == []


def test_a_signals_handler_may_work_too():
    """While the main thread waits for other work."""
    begun, go = threading.Event(), threading.Event()
    answers = []

    def handler(*_):
        answers.append(apart(lambda: "the handler's"))
        go.set()

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        threading.Thread(
            target=lambda: begun.wait() and os.kill(os.getpid(), signal.SIGUSR1)
        ).start()
        assert apart(lambda: begun.set() or (go.wait(10) and "the caller's")) == "the caller's"
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert answers == ["the handler's"]


class TestInterrupted:
    """Ctrl-C while the main thread waits."""

    def interrupted(self, work, stop, stop_s):
        begun = threading.Event()

        def interrupting():
            begun.wait()
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupting).start()
        with pytest.raises(KeyboardInterrupt):
            apart(lambda: begun.set() or work(), stop, stop_s)

    def test_it_stops_the_work_and_keeps_the_thread(self):
        first, stopped = apart(threading.current_thread), threading.Event()
        self.interrupted(lambda: stopped.wait(10), stopped.set, 5)
        assert stopped.is_set()
        assert apart(threading.current_thread) is first

    def test_it_does_not_wait_for_work_that_goes_on(self, monkeypatch):
        monkeypatch.setattr(module, "_IDLE", [])
        end, began_at = threading.Event(), time.monotonic()
        self.interrupted(lambda: end.wait(10), lambda: None, 0.1)
        assert time.monotonic() - began_at < 5
        assert apart(lambda: 3) == 3
        end.set()


FORKED = """
import os
from serving.apart import apart
apart(int)
child = os.fork()
answer = apart(lambda: 3)
child and os.waitpid(child, 0)
os.write(1, b"%d" % answer)
"""


def test_a_forked_process_has_a_thread_of_its_own():
    """Of those of its parent only the one that forked is left."""
    words = [sys.executable, "-c", FORKED]
    assert subprocess.run(words, capture_output=True, timeout=30, check=True).stdout == b"33"
