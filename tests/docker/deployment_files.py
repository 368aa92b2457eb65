"""The files of `docker/` as Python values, for the tests that compare them with each other."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from dockerfile_parse import DockerfileParser

ROOT: Final = Path(__file__).parent.parent.parent
DOCKER: Final = ROOT / "docker"
CONFIG: Final = DOCKER / "config"
KUBERNETES: Final = DOCKER / "kubernetes"
DOCKERFILES: Final = (DOCKER / "serving" / "Dockerfile", DOCKER / "training" / "Dockerfile")
SERVING_IMAGE, TRAINING_IMAGE = DOCKERFILES

OVERRIDES: Final = ("canary", "batching")
BINARY: Final = "/usr/bin/tensorflow_model_server"


def documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def by_kind(path: Path) -> dict[str, dict[str, Any]]:
    """The Kubernetes objects of a file, each kind once."""
    found = documents(path)
    kinds = {one["kind"]: one for one in found}
    assert len(kinds) == len(found), f"{path} has two of a kind"
    return kinds


def compose(override: str = "") -> dict[str, Any]:
    """A compose file with every variable at its default."""
    name = f"compose.{override}.yaml" if override else "compose.yaml"
    text = (DOCKER / name).read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Each instruction of a Dockerfile and what follows it, in order."""
    with dockerfile.open("rb") as file:
        parsed = DockerfileParser(fileobj=file).structure
    return [
        (entry["instruction"], entry["value"])
        for entry in parsed
        if entry["instruction"] != "COMMENT"
    ]


def last(dockerfile: Path, instruction: str) -> str:
    """What follows the last such instruction, which is the one that counts."""
    return [value for name, value in instructions(dockerfile) if name == instruction][-1]


def container(path: Path, kind: str) -> dict[str, Any]:
    """The one container of a Deployment or a ServingRuntime."""
    spec = by_kind(path)[kind]["spec"]
    (only,) = spec["template"]["spec"]["containers"] if "template" in spec else spec["containers"]
    return only


DEPLOYMENT: Final = KUBERNETES / "deployment.yaml"
KSERVE: Final = KUBERNETES / "kserve" / "inference-service.yaml"


def server_commands() -> dict[str, list[str]]:
    """Every way in which this project starts the server, as the words of its command line."""
    service = compose()["services"]["serving"]
    entry_point = json.loads(last(SERVING_IMAGE, "ENTRYPOINT"))
    runtime = container(KSERVE, "ServingRuntime")
    return {
        "compose": service["entrypoint"] + service["command"],
        **{
            f"compose, {name}": service["entrypoint"]
            + compose(name)["services"]["serving"]["command"]
            for name in OVERRIDES
        },
        "image": entry_point + json.loads(last(SERVING_IMAGE, "CMD")),
        "deployment": entry_point + container(DEPLOYMENT, "Deployment")["args"],
        "kserve": runtime["command"] + runtime["args"],
    }


def flags(command: Sequence[str]) -> dict[str, str]:
    """Flag values by name; the first word is the program.

    >>> flags(["server", "--port=8500", "--enable_batching=true"])
    {'port': '8500', 'enable_batching': 'true'}
    """
    values: dict[str, str] = {}
    for word in command[1:]:
        pair = re.fullmatch(r"--(\w+)=(.+)", word)
        assert pair, f"not --name=value: {word}"
        assert pair[1] not in values, f"a flag twice: {word}"
        values[pair[1]] = pair[2]
    return values
