"""What keeps the server from starting is told as what it is: a folder, a key, a port, a name."""

import os
import resource
import socket
import subprocess
import sys

import pytest
import trustme
from google.protobuf import text_format

from serving import messages
from serving.server.__main__ import main
from serving.server.preflight import check_address, check_credentials

PROGRAM = "python -m serving.server: "


@pytest.fixture
def refusal(base, capsys):
    """A function that gives exit code and sentence of a start that fails before anything is loaded."""

    def refuse(*flags):
        folder = [] if any("model_" in flag for flag in flags) else [f"--model_base_path={base}"]
        code = main(["--port=0", *folder, *map(str, flags)])
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(PROGRAM)
        return code, line.removeprefix(PROGRAM)

    return refuse


def cpu_seconds():
    """What the processes that this one has waited for have used; the clock tells of the neighbours."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_it_takes_less_than_a_second(tmp_path):
    """As a command: TensorFlow's import alone takes several."""
    before = cpu_seconds()
    command = [sys.executable, "-m", "serving.server", f"--model_base_path={tmp_path}/none"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert cpu_seconds() - before < 1
    sentence = f"cannot read the folder {tmp_path}/none of model default: No such file or directory"
    assert (ended.returncode, ended.stderr) == (2, f"{PROGRAM}{sentence}.\n")


def test_a_name_of_two_lines_is_one_sentence(refusal):
    code, sentence = refusal("--model_base_path=a\nb")
    assert (code, sentence.startswith("cannot read the folder a b of model")) == (2, True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("file", "Not a directory"), ("x" * 300, "File name too long"), ("loop", "symbolic links")],
)
def test_what_is_no_folder(refusal, tmp_path, name, reason):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    code, sentence = refusal(f"--model_base_path={tmp_path / name}")
    assert code == 2
    assert sentence.startswith(f"cannot read the folder {tmp_path / name} of model default: ")
    assert reason in sentence


def test_a_folder_of_a_configuration_file(refusal, tmp_path):
    file = tmp_path / "models.config"
    file.write_text('model_config_list { config { name: "m" base_path: "/no/such" } }')
    sentence = "cannot read the folder /no/such of model m: No such file or directory."
    assert refusal(f"--model_config_file={file}") == (2, sentence)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_taken_port(refusal, host):
    """By its name too: gRPC would be content with the IPv6 half of localhost, where few callers look."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        reason = "another server has that port; stop it, or choose another by --port"
        expected = (1, f"cannot listen on {host}:{port}: {reason}.")
        assert refusal(f"--host={host}", f"--port={port}") == expected


def test_a_port_of_a_server_that_was_just_stopped_is_free():
    """The connections that it ended linger for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as stopped:
        port = stopped.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            stopped.accept()[0].close()
    check_address("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        (
            "192.0.2.1",
            "cannot listen on 192.0.2.1:0: that is no address of this machine; choose another by --host.",
        ),
        ("no.such.invalid", "cannot listen on no.such.invalid: no machine of that name is known."),
        ("x" * 300, f"cannot listen on {'x' * 300}: no machine of that name is known."),
    ],
)
def test_a_host_that_is_not_here(refusal, host, sentence):
    assert refusal(f"--host={host}") == (1, sentence)


def test_a_socket_that_cannot_be(refusal, tmp_path):
    long = tmp_path / ("x" * 108)
    (tmp_path / "file").touch()
    for path, reason in {
        long: f"a socket's path has at most 107 bytes, this one has {len(os.fsencode(long))}.",
        tmp_path / "file": "something is there that is no socket.",
        tmp_path / "none" / "s": "its folder is not there or cannot be written.",
    }.items():
        assert refusal(f"--grpc_socket_path={path}") == (1, f"cannot listen on {path}: {reason}")


@pytest.fixture(scope="module")
def pem():
    """Keys and certificates by name."""
    authority = trustme.CA()
    ours, other = (authority.issue_cert("localhost") for _ in range(2))
    key = ours.private_key_pem.bytes().decode()
    return {
        "key": key,
        "certificate": "".join(part.bytes().decode() for part in ours.cert_chain_pems),
        "another key": other.private_key_pem.bytes().decode(),
        "authority": authority.cert_pem.bytes().decode(),
        "half a key": key[: len(key) // 2],
        "nonsense": "nonsense",
        "not ASCII": "\u4f60\u597d",
    }


@pytest.fixture
def ssl_file(tmp_path):
    """A function that writes an SSLConfig."""

    def write(config):
        file = tmp_path / "ssl.config"
        file.write_text(text_format.MessageToString(config), encoding="utf-8")
        return file

    return write


FIELDS = ("server_key", "server_cert", "custom_ca")
KEY = "server_key must be the PEM private key of server_cert, without a passphrase;"
CERTIFICATE = "server_cert must hold PEM certificates,"
AUTHORITY = "custom_ca must hold PEM certificates,"


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("nonsense", "certificate", "authority"), KEY),
        (("another key", "certificate", "authority"), KEY),
        (("half a key", "certificate", "authority"), KEY),
        (("certificate", "certificate", "authority"), KEY),
        (("not ASCII", "certificate", "authority"), KEY),
        (("key", "nonsense", "authority"), CERTIFICATE),
        (("key", "key", "authority"), CERTIFICATE),
        (("key", "not ASCII", "authority"), CERTIFICATE),
        (("key", "certificate", "nonsense"), AUTHORITY),
        (("key", "certificate", "key"), AUTHORITY),
    ],
)
def test_a_wrong_key_is_not_told_as_a_taken_port(
    *, refusal, ssl_file, start, base, pem, names, sentence
):
    """Neither by the command nor by the class."""
    config = messages.SSLConfig(**dict(zip(FIELDS, map(pem.get, names), strict=True)))
    code, told = refusal(f"--ssl_config_file={ssl_file(config)}")
    assert (code, told[: len(sentence)]) == (2, sentence)
    with pytest.raises(ValueError, match=sentence.partition(" ")[0]):
        start(base, ssl=config)


def test_right_keys_pass_and_leave_nothing(pem, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    check_credentials(messages.SSLConfig(server_key=pem["key"], server_cert=pem["certificate"]))
    assert list(tmp_path.iterdir()) == []
