"""Where `--out` leads: nothing that is there is lost, and what is written is complete or not there."""

import os
import subprocess
import threading
from pathlib import Path

import pytest
from client_tables import HEADER, TABLE, check, names, two_rows


class TestWhatIsThereStays:
    """Whatever a job's files are called, no other file changes or goes, unless `--overwrite` was given."""

    @pytest.mark.parametrize("suffix", [".part", ".unfinished"])
    def test_the_input_has_the_name_of_a_temporary_file(self, ask, here, suffix):
        """`--csv r.csv.part --out r.csv` once emptied and deleted the input."""
        (here / f"r.csv{suffix}").write_text(TABLE)
        code, _, err = ask("--csv", f"r.csv{suffix}", "--out", "r.csv")
        assert code == (0 if suffix == ".part" else 2), err
        assert (here / f"r.csv{suffix}").read_text() == TABLE

    @pytest.mark.parametrize("suffix", [".part", ".unfinished"])
    @pytest.mark.parametrize("words", [[], ["--overwrite"], ["--resume"]], ids=str)
    def test_a_file_of_that_name(self, ask, here, suffix, words):
        (here / f"r.csv{suffix}").write_text("a diary\n")
        code, _, err = ask("--csv", "in.csv", "--out", "r.csv", *words)
        assert (here / f"r.csv{suffix}").read_text() == "a diary\n"
        assert code == (0 if suffix == ".part" else 2)
        if code:
            assert "r.csv.unfinished" in err or "is not of these" in err
            assert not (here / "r.csv").exists()

    def test_the_target(self, ask, here):
        (here / "r.csv").write_text("a diary\n")
        code, _, err = ask("--csv", "in.csv", "--out", "r.csv")
        assert code == 2
        assert "there already; --overwrite writes over it. Received: --out=r.csv" in err
        assert (here / "r.csv").read_text() == "a diary\n"
        assert names(here) == ["in.csv", "r.csv"]

    def test_the_target_is_written_over_on_demand(self, ask, here):
        """Its permissions stay."""
        (here / "r.csv").write_text("a diary\n")
        (here / "r.csv").chmod(0o640)
        assert ask("--csv", "in.csv", "--out", "r.csv", "--overwrite")[0] == 0
        check((here / "r.csv").read_text())
        assert (here / "r.csv").stat().st_mode & 0o777 == 0o640
        assert names(here) == ["in.csv", "r.csv"]

    def test_a_job_that_fails_leaves_the_target(self, ask, here):
        (here / "in.csv").write_text('id,text\n1,"a\n')
        (here / "r.csv").write_text("a diary\n")
        assert ask("--csv", "in.csv", "--out", "r.csv", "--overwrite")[0] == 2
        assert (here / "r.csv").read_text() == "a diary\n"
        assert names(here) == ["in.csv", "r.csv"]

    @pytest.mark.parametrize("words", [[], ["--overwrite"], ["--resume"]], ids=str)
    @pytest.mark.parametrize("name", ["in.csv", "./in.csv", "hard", "symbolic"])
    def test_the_input_is_the_output(self, ask, here, name, words):
        (here / "hard").hardlink_to(here / "in.csv")
        (here / "symbolic").symlink_to("in.csv")
        code, _, err = ask("--csv", "in.csv", "--out", name, *words)
        assert code == 2
        assert f"The input is the output too; choose another. Received: --out={name}" in err
        assert (here / "in.csv").read_text() == TABLE
        assert names(here) == ["hard", "in.csv", "symbolic"]

    def test_the_rows_to_go_on_with_are_the_input(self, ask, here):
        (here / "r.csv.unfinished").write_text(TABLE)
        assert ask("--csv", "r.csv.unfinished", "--out", "r.csv", "--resume")[0] == 2
        assert (here / "r.csv.unfinished").read_text() == TABLE

    def test_a_target_that_comes_to_be_meanwhile(self, answering, here, capsys):
        """The rows are kept, and the file that came is too."""
        from serving.client import __main__ as cli

        def predict(*_):
            (here / "r.csv").write_text("a diary\n")
            return two_rows()

        address = answering(Predict=predict)
        words = ["--csv", "in.csv", "--out", "r.csv", "--address", address]
        assert cli.main(words) == 2
        assert "has come to be meanwhile" in capsys.readouterr().err
        assert (here / "r.csv").read_text() == "a diary\n"
        assert len((here / "r.csv.unfinished").read_text().splitlines()) == 3
        assert cli.main([*words, "--resume", "--overwrite"]) == 0
        assert len((here / "r.csv").read_text().splitlines()) == 3
        assert names(here) == ["in.csv", "r.csv"]

    def test_a_symbolic_link_leads_to_the_target(self, ask, here):
        """The link stays one, and what it leads to is the table."""
        (here / "link").symlink_to("new.csv")
        assert ask("--csv", "in.csv", "--out", "link")[0] == 0
        assert (here / "link").is_symlink()
        check((here / "new.csv").read_text())

    def test_a_link_to_itself(self, ask, here):
        (here / "link").symlink_to("link")
        code, _, err = ask("--csv", "in.csv", "--out", "link")
        assert (code, "Received: --out=link" in err) == (2, True)

    def test_a_name_left_by_a_job_that_was_killed_at_the_last_moment(self, ask, here):
        """Killed between giving the table its name and taking the old one away: both are the same file."""
        assert ask("--csv", "in.csv", "--out", "r.csv")[0] == 0
        (here / "r.csv.unfinished").hardlink_to(here / "r.csv")
        assert ask("--csv", "in.csv", "--out", "r.csv", "--overwrite")[0] == 0
        check((here / "r.csv").read_text())
        assert names(here) == ["in.csv", "r.csv"]


def test_two_jobs_with_one_target(command, here):
    """Their rows were once mixed, and both told success; now the second is refused, at once."""
    (here / "long.csv").write_text("id,text\n" + "1,a\n" * 20000)
    words = command("--csv", "long.csv", "--out", "r.csv", "--max-batch-size", 20)
    jobs = [
        subprocess.Popen([*words, *more], stderr=subprocess.PIPE, text=True)
        for more in ([], [], ["--resume"], ["--overwrite"])
    ]
    ended = [(job.communicate(timeout=60)[1], job.returncode) for job in jobs]
    assert sorted(code for _, code in ended) == [0, 2, 2, 2]
    assert all("Wrote" in err or "nother job" in err for err, _ in ended), ended
    lines = (here / "r.csv").read_text().splitlines()
    assert (len(lines), len(set(lines))) == (20001, 2)
    assert names(here) == ["in.csv", "long.csv", "r.csv"]


class TestWhatIsNoFile:
    """It is written through, and stays what it is."""

    def test_a_fifo(self, ask, here):
        os.mkfifo(here / "pipe")
        read = []
        reader = threading.Thread(target=lambda: read.append((here / "pipe").read_text()))
        reader.start()
        assert ask("--csv", "in.csv", "--out", "pipe")[0] == 0
        reader.join(10)
        check(read[0])
        assert (here / "pipe").is_fifo()
        assert names(here) == ["in.csv", "pipe"]

    def test_a_device(self, ask, here):
        """A terminal of the test's own, where no file can be made: /dev/null belongs to the whole machine."""
        parent, child = os.openpty()
        try:
            name = os.ttyname(child)
            assert ask("--csv", "in.csv", "--out", name)[0] == 0
            assert Path(name).is_char_device()
            written = b""
            while written.count(b"\n") < 3:  # a read may give a part of it
                written += os.read(parent, 100_000)
            check(written.decode().replace("\r\n", "\n"))
        finally:
            os.close(parent)
            os.close(child)

    @pytest.mark.parametrize("device", ["null", "full"])
    def test_a_link_to_a_device(self, ask, here, device):
        (here / "link").symlink_to(f"/dev/{device}")
        code, _, err = ask("--csv", "in.csv", "--out", "link")
        assert code == (0 if device == "null" else 1)
        assert code == 0 or "Cannot write: No space left on device. Received: --out=link" in err
        assert (here / "link").is_symlink()
        assert (here / "link").is_char_device()
        assert names(here) == ["in.csv", "link"]

    @pytest.mark.parametrize("out", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
    @pytest.mark.parametrize("source", ["-", "/dev/stdin", "in.csv"])
    def test_standard_input_and_output(self, command, here, source, out):
        with (here / "in.csv").open() as file:
            done = subprocess.run(
                command("--csv", source, "--out", out),
                stdin=file,
                capture_output=True,
                text=True,
                check=True,
            )
        check(done.stdout)
        assert done.stderr == f"Wrote 2 rows to {out}\n"
        assert names(here) == ["in.csv"]

    @pytest.mark.parametrize("out", ["-", "/dev/stdout"])
    def test_standard_output_goes_to_the_end_of_a_file(self, command, here, out):
        """As `>>`: what stood in the log before is still there."""
        with (here / "log").open("w") as file:
            file.write("before\n")
            file.flush()
            subprocess.run(command("--csv", "in.csv", "--out", out), stdout=file, check=True)
        before, table = (here / "log").read_text().split("\n", 1)
        assert before == "before"
        check(table)

    def test_a_pipe_comes_as_it_goes(self, command, here):
        """Rows are passed on before the input has ended, and a reader that has seen enough ends it."""
        with subprocess.Popen(
            command("--csv", "-", "--out", "-"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as job:
            job.stdin.write("id,text\n" + "1,a\n" * 20000)
            job.stdin.flush()
            assert job.stdout.readline() == HEADER + "\n"
            assert job.stdout.readline().startswith("1,a,positive,")
            job.stdout.close()
            job.stdin.close()
            assert job.wait(30) == 0
            assert job.stderr.read() == ""

    def test_a_file_that_is_read_is_not_written(self, command, here):
        """`--csv - --out - <t >>t` would read what it writes, for ever."""
        with (here / "in.csv").open() as read, (here / "in.csv").open("a") as written:
            done = subprocess.run(
                command("--csv", "-", "--out", "-"),
                stdin=read,
                stdout=written,
                stderr=subprocess.PIPE,
                text=True,
                timeout=30,
                check=False,
            )
        assert done.returncode == 2
        assert "The input is the output too" in done.stderr
        assert (here / "in.csv").read_text() == TABLE

    def test_one_cannot_go_on_with_it(self, ask, here):
        code, _, err = ask("--csv", "in.csv", "--out", "-", "--resume")
        assert (code, "--resume needs a file. Received: --out=-" in err) == (2, True)

    @pytest.mark.parametrize(
        ("closed", "words"), [(0, ["-"]), (0, ["--csv", "-", "--out", "-"]), (1, ["a"])], ids=str
    )
    def test_a_closed_stream(self, command, here, closed, words):
        done = subprocess.run(
            [
                "/bin/sh",
                "-c",
                f'exec "$0" "$@" {closed}{"<" if closed == 0 else ">"}&-',
                *command(*words),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "is closed" in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(ask, here):
    (here / "closed").mkdir(mode=0o500)
    code, _, err = ask("--csv", "in.csv", "--out", "closed/x")
    assert code == 2
    assert "Permission denied. Received: --out=closed/x" in err


def test_a_full_disk_keeps_the_rows_that_fit(command, here):
    """Exit code 1, for neither the words nor the input are wrong; --resume goes on once there is room."""
    rows = [f"{number},{'x' * (number % 50)}\n" for number in range(12000)]
    (here / "in.csv").write_text("id,text\n" + "".join(rows))
    words = command("--csv", "in.csv", "--out", "r.csv")
    limited = ["/bin/sh", "-c", 'ulimit -f 800; trap "" XFSZ; exec "$0" "$@"', *words]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert "Cannot write: File too large. Received: --out=r.csv" in first
    assert "4,096 rows are kept in" in second
    assert names(here) == ["in.csv", "r.csv.unfinished"]
    subprocess.run([*words, "--resume"], check=True)
    whole = (here / "r.csv").read_bytes()
    subprocess.run(command("--csv", "in.csv", "--out", "whole.csv"), check=True)
    assert whole == (here / "whole.csv").read_bytes()
