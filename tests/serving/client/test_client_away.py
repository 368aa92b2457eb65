"""A bulk job outlasts a server that is away for a while."""

import subprocess
import sys
import threading
import time

import grpc
import pytest
from client_tables import names
from long_tables import ROWS, answer, check, texts, written
from waiting import wait_for

from serving.client import __main__ as cli


class TestAServerThatIsAway:
    """A job waits for it as long as it was told to, and only where waiting helps."""

    @pytest.mark.slow
    def test_a_job_outlasts_a_restart(self, start, saved_models, here, capfd):
        """The server goes away amid the job and comes back after two seconds, at the same port."""
        saved_models.publish(3, here / "tiny")
        (here / "in.csv").write_bytes(texts(ROWS))
        running = start(here / "tiny", drain_s=0.0)
        words = ["--address", running.address, "--model-name", "tiny", "--max-batch-size", "20"]
        ended = []
        job = threading.Thread(
            target=lambda: ended.append(cli.main([*words, "--csv", "in.csv", "--out", "r.csv"]))
        )
        job.start()
        wait_for(lambda: written(here / "r.csv.unfinished") > 100_000)
        running.stop()
        time.sleep(2)
        assert not ended
        start(here / "tiny", port=running.port)
        job.join(60)
        err = capfd.readouterr().err
        assert ended == [0], err
        check(here / "r.csv", ROWS)
        assert err.count("Asking again for 60 s.") == 1
        assert names(here) == ["in.csv", "r.csv", "tiny"]

    def test_one_that_comes_later_is_waited_for(self, answering, here, capfd):
        (here / "in.csv").write_text("text\na\n")
        address = answering(Predict=answer)
        answering.stop()
        port = address.rpartition(":")[2]
        late = threading.Timer(1.5, lambda: answering(int(port), Predict=answer))
        late.start()
        assert cli.main(["--csv", "in.csv", "--out", "r.csv", "--address", address]) == 0
        assert "No server answers at" in capfd.readouterr().err

    def test_it_is_waited_for_as_long_as_was_said(self, here, capfd):
        (here / "in.csv").write_text("text\na\n")
        words = ["--csv", "in.csv", "--out", "r.csv", "--address", "localhost:1"]
        began_at = time.monotonic()
        assert cli.main([*words, "--retry-for", "2"]) == 1
        assert 2 <= time.monotonic() - began_at < 6
        told, last = capfd.readouterr().err.splitlines()
        assert told.endswith("Asking again for 2 s.")
        assert "No server answers at localhost:1" in last
        assert names(here) == ["in.csv"]

    def test_it_can_be_told_not_to_wait(self, here, capfd):
        (here / "in.csv").write_text("text\na\n")
        words = ["--csv", "in.csv", "--out", "r.csv", "--address", "localhost:1"]
        began_at = time.monotonic()
        assert cli.main([*words, "--retry-for", "0"]) == 1
        assert time.monotonic() - began_at < 3
        assert len(capfd.readouterr().err.splitlines()) == 1

    @pytest.mark.parametrize(
        "code",
        [
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.NOT_FOUND,
            grpc.StatusCode.CANCELLED,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        ],
    )
    def test_a_server_that_is_coming_back(self, answering, here, code):
        """It answered before: that it does not know its model yet, or gives calls up, passes."""
        (here / "in.csv").write_bytes(texts(9000))
        calls = []

        def predict(request, context):
            calls.append(1)
            if 12 <= len(calls) < 20:
                context.abort(code, "Servable not found for request: Latest(m)")
            return answer(request)

        address = answering(Predict=predict)
        assert cli.main(["--csv", "in.csv", "--out", "r.csv", "--address", address]) == 0
        check(here / "r.csv", 9000)

    @pytest.mark.parametrize(
        "code",
        [
            grpc.StatusCode.NOT_FOUND,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.PERMISSION_DENIED,
            grpc.StatusCode.INTERNAL,
        ],
    )
    def test_a_refusal_is_told_at_once(self, answering, here, capfd, code):
        """As a wrong name of the model: waiting would not mend it."""
        (here / "in.csv").write_text("text\na\n")

        def refuse(_, context):
            context.abort(code, "no")

        address = answering(Predict=refuse, Classify=refuse)
        began_at = time.monotonic()
        assert cli.main(["--csv", "in.csv", "--out", "r.csv", "--address", address]) == 1
        assert time.monotonic() - began_at < 3
        assert len(capfd.readouterr().err.splitlines()) == 1
        assert names(here) == ["in.csv"]

    def test_tls_against_a_plain_port_is_told_at_once(self, server, here):
        """One sentence that names TLS, without gRPC's own lines; and nothing waits for it to change."""
        (here / "in.csv").write_text("text\na\n")
        address = server.address.replace("localhost", "127.0.0.1")
        for words in (["a"], ["--csv", "in.csv", "--out", "r.csv"]):
            began_at = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "serving.client", "--address", address, "--tls", *words],
                capture_output=True,
                text=True,
                check=False,
            )
            assert time.monotonic() - began_at < 5
            assert done.returncode == 1
            (line,) = done.stderr.splitlines()
            assert f"No server answers at {address} over TLS: check that it speaks TLS" in line
            assert "(WRONG_VERSION_NUMBER)" in line

    @pytest.mark.slow
    def test_a_server_that_is_killed_for_five_seconds(self, base, here):
        """Processes of their own, SIGKILL, the same port."""
        (here / "in.csv").write_bytes(texts(ROWS))
        serving = [sys.executable, "-m", "serving.server", "--model_name=tiny"]
        serving += [f"--model_base_path={base}", "--port=0"]

        def serve(*more):
            return subprocess.Popen([*serving, *more], stdout=subprocess.PIPE, text=True)

        server = serve()
        address = next(line for line in server.stdout if line.startswith("Serving ")).split()[-1]
        words = [
            sys.executable,
            "-m",
            "serving.client",
            "--address",
            address,
            "--model-name",
            "tiny",
        ]
        words += ["--csv", "in.csv", "--out", "r.csv", "--max-batch-size", "20"]
        job = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: written(here / "r.csv.unfinished") > 100_000)
        server.kill()
        server.wait()
        server.stdout.close()
        time.sleep(5)
        again = serve(f"--port={address.rpartition(':')[2]}")
        try:
            assert job.wait(60) == 0, job.stderr.read()
            check(here / "r.csv", ROWS)
        finally:
            job.stderr.close()
            again.kill()
            again.wait()
            again.stdout.close()
