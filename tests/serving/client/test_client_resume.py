"""A bulk job that was stopped goes on: nothing twice, nothing lost."""

import os
import random
import signal
import subprocess
import time

import grpc
import pytest
from client_tables import names
from long_tables import ROWS, answer, check, count_of, texts

from serving.client import __main__ as cli


def run(words, **options):
    """The command in a process of its own, to its end."""
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)


class TestResume:
    """The rows of a job that was stopped are compared, kept and gone on with."""

    WORDS = ("--csv", "in.csv", "--out", "r.csv")

    def test_a_job_that_failed_goes_on(self, answering, here, capfd):
        """The rows it had are kept and told; they are not asked again."""
        (here / "in.csv").write_bytes(texts(9000))
        asked = []

        def predict(request, context):
            asked.append(count_of(request))
            if sum(asked) > 6000 and not going_on:
                context.abort(grpc.StatusCode.INTERNAL, "broken")
            return answer(request)

        going_on = False
        words = [*self.WORDS, "--address", answering(Predict=predict)]
        assert cli.main(words) == 1
        first, second = capfd.readouterr().err.splitlines()
        assert "broken" in first
        assert "4,096 rows are kept in" in second
        assert "r.csv.unfinished: the same command with --resume goes on." in second
        assert names(here) == ["in.csv", "r.csv.unfinished"]

        assert cli.main(words) == 2
        assert "--resume goes on with its rows" in capfd.readouterr().err

        going_on = True
        asked.clear()
        assert cli.main([*words, "--resume"]) == 0
        assert sum(asked) == 9000 - 4096
        check(here / "r.csv", 9000)
        assert names(here) == ["in.csv", "r.csv"]

    def test_a_row_that_cannot_be_read_can_be_mended(self, answering, here, capfd):
        good = texts(9000)
        bad = good.replace(b"\n8000,", b'\n8000,"oops"x')
        assert bad != good
        (here / "in.csv").write_bytes(bad)
        words = [*self.WORDS, "--address", answering(Predict=answer)]
        assert cli.main(words) == 2
        assert "4,096 rows are kept" in capfd.readouterr().err
        (here / "in.csv").write_bytes(good)
        assert cli.main([*words, "--resume"]) == 0
        check(here / "r.csv", 9000)

    def test_it_may_be_given_from_the_start(self, answering, here):
        (here / "in.csv").write_bytes(texts(100))
        words = [*self.WORDS, "--address", answering(Predict=answer), "--resume"]
        assert cli.main(words) == 0
        check(here / "r.csv", 100)
        assert cli.main(words) == 2

    @pytest.mark.slow
    def test_cut_anywhere_it_goes_on(self, answering, here):
        """A machine that stops may leave any beginning of the file: each of them, byte by byte."""
        (here / "in.csv").write_bytes(texts(7))
        asked = []

        def predict(request, context):
            asked.append(count_of(request))
            return answer(request)

        words = [*self.WORDS, "--address", answering(Predict=predict)]
        assert cli.main(words) == 0
        whole = (here / "r.csv").read_bytes()
        check(here / "r.csv", 7)
        ends = [0]
        with (here / "in.csv").open("rb") as file:
            assert len(file.read()) > 100
        for size in range(len(whole) + 1):
            (here / "r.csv").unlink()
            (here / "r.csv.unfinished").write_bytes(whole[:size])
            asked.clear()
            assert cli.main([*words, "--resume"]) == 0
            assert (here / "r.csv").read_bytes() == whole
            ends.append(7 - sum(asked))
        # More is kept the more there is, up to all of it.
        assert ends == sorted(ends)
        assert set(ends) == set(range(8))

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            (lambda kept: kept.replace(b"\n1,", b"\n7,"), "row 2"),
            (lambda kept: kept.replace(b",positive,", b",splendid,"), "row 1"),
            (lambda kept: kept.replace(b"0.5", b"O.5"), "row 1"),
            (lambda kept: kept[:-30] + b"\n" + kept[-30:], "row 50"),
            (lambda kept: kept + b"\n", "row 51, where the input ends,"),
            (
                lambda kept: kept + kept.splitlines(keepends=True)[-1],
                "row 51, where the input ends,",
            ),
            (lambda kept: kept.replace(b"id,", b"no,", 1), "header"),
            (lambda kept: b"\xef\xbb\xbf" + kept, "header"),
            (lambda _: b"a diary\n", "header"),
            (lambda kept: kept.replace(b",label", b";label", 1), "header"),
            (lambda kept: kept.replace(b"\n", b"\r\n"), "header"),
            (lambda kept: kept + b"\0" * 100, "row 51, where the input ends,"),
        ],
        ids=range(12),
    )
    def test_rows_of_another_input_are_refused(self, answering, here, capfd, change, what):
        """And stay as they are, whoever's they are."""
        (here / "in.csv").write_bytes(texts(50))
        words = [*self.WORDS, "--address", answering(Predict=answer)]
        assert cli.main(words) == 0
        kept = change((here / "r.csv").read_bytes())
        (here / "r.csv").unlink()
        (here / "r.csv.unfinished").write_bytes(kept)
        capfd.readouterr()
        assert cli.main([*words, "--resume"]) == 2
        assert f"its {what} is not of" in capfd.readouterr().err
        assert (here / "r.csv.unfinished").read_bytes() == kept
        assert names(here) == ["in.csv", "r.csv.unfinished"]

    def test_an_input_that_has_grown(self, answering, here):
        """The rows that are there are the new input's too."""
        (here / "in.csv").write_bytes(texts(60))
        words = [*self.WORDS, "--address", answering(Predict=answer)]
        assert cli.main(words) == 0
        (here / "r.csv").rename("r.csv.unfinished")
        (here / "in.csv").write_bytes(texts(90))
        assert cli.main([*words, "--resume"]) == 0
        check(here / "r.csv", 90)

    def test_another_delimiter_or_prefix_is_another_table(self, answering, here):
        (here / "in.csv").write_bytes(texts(5))
        words = [*self.WORDS, "--address", answering(Predict=answer)]
        assert cli.main(words) == 0
        (here / "r.csv").rename("r.csv.unfinished")
        assert cli.main([*words, "--resume", "--column-prefix", "p_"]) == 2

    def test_what_is_no_file_is_refused(self, answering, here, capfd):
        (here / "in.csv").write_bytes(texts(5))
        (here / "diary").write_text("dear diary")
        words = [*self.WORDS, "--address", answering(Predict=answer), "--resume"]
        os.mkfifo("r.csv.unfinished")
        assert cli.main(words) == 2
        assert "must be a file" in capfd.readouterr().err
        (here / "r.csv.unfinished").unlink()
        (here / "r.csv.unfinished").symlink_to("diary")
        assert cli.main(words) == 2
        assert (here / "diary").read_text() == "dear diary"

    def test_standard_input_can_be_gone_on_with(self, command, here):
        """It is sent once more from its beginning."""
        (here / "in.csv").write_bytes(texts(500))
        words = command("--csv", "-", "--out", "r.csv")
        with (here / "in.csv").open() as file:
            assert run(words, stdin=file).returncode == 0
        whole = (here / "r.csv").read_bytes()
        (here / "r.csv").unlink()
        (here / "r.csv.unfinished").write_bytes(whole[:9000])
        with (here / "in.csv").open() as file:
            assert run([*words, "--resume"], stdin=file).returncode == 0
        assert (here / "r.csv").read_bytes() == whole

    def killed_until_done(self, command, here, tries, sign):
        """Stop the job at random times, go on each time, to the end; how often it was stopped."""
        (here / "in.csv").write_bytes(texts(ROWS))
        words = command("--csv", "in.csv", "--out", "r.csv", "--resume", "--max-batch-size", 50)
        chance = random.Random(tries)  # noqa: S311 (moments, no secrets)
        for stopped in range(tries):
            job = subprocess.Popen(words, stderr=subprocess.PIPE)
            time.sleep(chance.uniform(0.1, 0.6))
            job.send_signal(sign)
            _, err = job.communicate(timeout=10)
            if (here / "r.csv").exists():
                return stopped
            assert job.returncode in (-sign, 128 + sign), err
        done = run(words)
        assert done.returncode == 0, done.stderr
        return tries

    @pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_a_job_that_is_stopped_goes_on(self, command, here, sign):
        assert self.killed_until_done(command, here, 3, sign) > 0
        check(here / "r.csv", ROWS)
        assert names(here) == ["in.csv", "r.csv"]

    @pytest.mark.slow
    def test_a_job_that_is_killed_thirty_times_goes_on(self, command, here):
        stopped = 0
        for _ in range(3):
            stopped += self.killed_until_done(command, here, 10, signal.SIGKILL)
            check(here / "r.csv", ROWS)
            (here / "r.csv").unlink()
        assert stopped > 10
