"""The Kubernetes manifests: valid for the real schemas, and true to the image and to each other."""

import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml
from deployment_files import (
    DEPLOYMENT,
    DOCKER,
    KSERVE,
    KUBERNETES,
    SERVING_IMAGE,
    by_kind,
    compose,
    container,
    documents,
    flags,
    last,
    server_commands,
)

from export.signatures import MODEL_NAME
from serving.client.channel import SERVICE_CONFIG, target_uri

MANIFESTS = sorted(set(KUBERNETES.glob("*.yaml")) - {KUBERNETES / "kustomization.yaml"})
OBJECTS = {kind: one for path in MANIFESTS for kind, one in by_kind(path).items()}
DEPLOYED = OBJECTS["Deployment"]["spec"]
POD = DEPLOYED["template"]["spec"]
SERVER = container(DEPLOYMENT, "Deployment")

VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""The oldest with preStop.sleep on by default, and the newest known."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", OBJECTS)
def test_kubernetes_accepts_it(kind, version):
    """Strictly: a field that the schema does not know is an error, not ignored."""
    kubernetes_validate.validate(OBJECTS[kind], version, strict=True)


def test_the_schemas_would_find_a_misspelt_field():
    wrong = by_kind(DEPLOYMENT)["Deployment"]
    wrong["spec"]["template"]["spec"]["shareProcesNamespace"] = True
    with pytest.raises(kubernetes_validate.ValidationError, match="shareProcesNamespace"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_the_kustomization_takes_in_every_manifest_and_names_the_image():
    (kustomization,) = documents(KUBERNETES / "kustomization.yaml")
    assert sorted(kustomization["resources"]) == [path.name for path in MANIFESTS]
    (image,) = kustomization["images"]
    assert image["name"] == SERVER["image"]
    assert image["newTag"] != "latest"


@pytest.fixture(scope="module")
def kustomize():
    """Builds a folder by kubectl; the objects by kind."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("needs kubectl")

    def build(folder):
        words = [kubectl, "kustomize", str(folder)]
        built = subprocess.run(words, capture_output=True, text=True, check=True)
        assert not built.stderr
        return {one["kind"]: one for one in yaml.safe_load_all(built.stdout)}

    return build


def test_kubectl_builds_the_kustomization(kustomize):
    built = kustomize(KUBERNETES)
    (server,) = built["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert server["image"].startswith(f"{SERVER['image']}:")
    assert set(built) == set(OBJECTS)


def test_with_the_operator_two_lines_add_the_monitor(kustomize, tmp_path):
    """Those that stand in the kustomization as a comment; without them no cluster needs to know the kind."""
    folder = shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    file = folder / "kustomization.yaml"
    text = file.read_text(encoding="utf-8")
    lines = "# components:\n#   - monitoring\n"
    assert lines in text
    file.write_text(text.replace(lines, lines.replace("# ", "", 1).replace("#  ", " ")))
    assert set(kustomize(folder)) == {*OBJECTS, "ServiceMonitor"}


# github.com/prometheus-operator: Documentation/api-reference, monitoring.coreos.com/v1, as far as they are used.
MONITOR_FIELDS = {"selector", "endpoints", "jobLabel", "namespaceSelector"}
ENDPOINT_FIELDS = {"port", "path", "interval", "scrapeTimeout", "relabelings"}


def test_the_monitor_finds_the_service_and_its_metrics():
    (monitor,) = documents(KUBERNETES / "monitoring" / "servicemonitor.yaml")
    assert (monitor["apiVersion"], monitor["kind"]) == (
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
    )
    assert set(monitor["spec"]) <= MONITOR_FIELDS
    (endpoint,) = monitor["spec"]["endpoints"]
    assert set(endpoint) <= ENDPOINT_FIELDS
    service = OBJECTS["Service"]
    assert (
        monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    )
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    (prometheus,) = documents(DOCKER / "prometheus.yml")
    (job,) = prometheus["scrape_configs"]
    times = prometheus["global"]
    assert endpoint["path"] == job["metrics_path"]
    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == (
        times["scrape_interval"],
        times["scrape_timeout"],
    )


def test_only_callers_and_prometheus_reach_the_server():
    """Its gRPC port also takes other models; and it has nobody to ask."""
    policy = OBJECTS["NetworkPolicy"]["spec"]
    assert policy["podSelector"]["matchLabels"] == DEPLOYED["selector"]["matchLabels"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []
    callers, prometheus = policy["ingress"]
    ports = {port["name"] for port in SERVER["ports"]}
    assert {port["port"] for port in callers["ports"]} == ports
    assert [port["port"] for port in prometheus["ports"]] == ["rest"]
    # An empty rule, or an empty selector of namespaces, would let everybody in.
    for rule in policy["ingress"]:
        assert all(peer != {"namespaceSelector": {}} for peer in rule["from"])


def test_everything_is_about_the_same_pods():
    labels = DEPLOYED["template"]["metadata"]["labels"]
    assert DEPLOYED["selector"]["matchLabels"] == labels
    assert OBJECTS["Service"]["spec"]["selector"] == labels
    assert OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    (spread,) = POD["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    target = OBJECTS["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    deployment = OBJECTS["Deployment"]
    assert (target["apiVersion"], target["kind"], target["name"]) == (
        deployment["apiVersion"],
        deployment["kind"],
        deployment["metadata"]["name"],
    )


def test_the_pod_has_no_rights_to_give_away():
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert POD["automountServiceAccountToken"] is False
    assert SERVER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(SERVER["resources"]["limits"]) == {"cpu", "memory"}


def test_one_user_everywhere():
    """Files made readable for one must be so for all ways to run the server."""
    context = POD["securityContext"]
    user = f"{context['runAsUser']}:{context['runAsGroup']}"
    kserve = container(KSERVE, "ServingRuntime")["securityContext"]
    assert last(SERVING_IMAGE, "USER") == user
    assert compose()["services"]["serving"]["user"] == user
    assert f"{kserve['runAsUser']}:{kserve['runAsGroup']}" == user


def test_ports_are_the_servers_own():
    given = flags(server_commands()["deployment"])
    ports = {port["name"]: port["containerPort"] for port in SERVER["ports"]}
    assert ports == {"grpc": int(given["port"]), "rest": int(given["rest_api_port"])}
    service = OBJECTS["Service"]["spec"]
    assert {port["targetPort"]: port["port"] for port in service["ports"]} == ports
    annotations = DEPLOYED["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == given["rest_api_port"]


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe"])
def test_a_pod_is_ready_once_a_version_serves(probe):
    """Without /metadata the path answers 200 while a version still loads."""
    get = SERVER[probe]["httpGet"]
    assert get == {"path": f"/v1/models/{MODEL_NAME}/metadata", "port": "rest"}


def test_only_a_dead_process_is_restarted():
    """A version that does not load, or load itself, is no reason to kill the server."""
    probe = SERVER["livenessProbe"]
    assert probe["httpGet"] == {"path": f"/v1/models/{MODEL_NAME}", "port": "rest"}
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


def test_a_pod_goes_only_after_its_clients():
    """DNS caches and gRPC's next look at the name, which follows the end of a connection."""
    words = flags(server_commands()["deployment"])["grpc_channel_arguments"]
    age_ms, grace_ms = (int(number) for number in re.findall(r"=(\d+)", words))
    dns_cache_s = 30  # CoreDNS, as Kubernetes installs it
    clients_gone_s = dns_cache_s + 1.1 * age_ms / 1000 + grace_ms / 1000
    drain_s = SERVER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert clients_gone_s < drain_s < POD["terminationGracePeriodSeconds"]
    assert POD["shareProcessNamespace"] is True  # else SIGTERM is not noticed


def test_the_service_has_no_address_of_its_own():
    """Behind one, a client's single connection would lead to a single pod."""
    assert OBJECTS["Service"]["spec"]["clusterIP"] == "None"


def test_the_client_shares_its_requests_among_the_pods_of_a_name():
    """What the comment in service.yaml promises for serving.client."""
    name = f"{OBJECTS['Service']['metadata']['name']}:8500"
    assert target_uri([name]) == f"dns:///{name}"
    assert SERVICE_CONFIG["loadBalancingConfig"] == [{"round_robin": {}}]


def test_a_drained_node_leaves_a_server():
    scaler = OBJECTS["HorizontalPodAutoscaler"]["spec"]
    assert OBJECTS["PodDisruptionBudget"]["spec"]["maxUnavailable"] < scaler["minReplicas"]
    assert scaler["maxReplicas"] > scaler["minReplicas"]
    assert "replicas" not in DEPLOYED  # the autoscaler's to decide
    assert DEPLOYED["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    (policy,) = scaler["behavior"]["scaleDown"]["policies"]
    assert policy["periodSeconds"] > SERVER["lifecycle"]["preStop"]["sleep"]["seconds"]


def test_temporary_files_have_a_place():
    """The root is read-only."""
    mounts = {mount["name"]: mount["mountPath"] for mount in SERVER["volumeMounts"]}
    assert mounts == {"tmp": "/tmp"}  # noqa: S108 - a path in a container
    assert [volume["name"] for volume in POD["volumes"]] == ["tmp"]
