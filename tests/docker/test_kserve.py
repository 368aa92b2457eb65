"""The KServe manifest.

No package with KServe's schemas can be installed beside this project: `kserve` wants protobuf below 7. What
KServe takes over from Kubernetes, which is nearly all of it, is checked against the schema of a pod; the rest
against the fields that KServe 0.21 has.
"""

import kubernetes_validate
import pytest
from deployment_files import DEPLOYMENT, KSERVE, KUBERNETES, SERVING_IMAGE, by_kind, container, last

from export.signatures import MODEL_NAME

KINDS = by_kind(KSERVE)
RUNTIME = KINDS["ServingRuntime"]["spec"]
PREDICTOR = KINDS["InferenceService"]["spec"]["predictor"]
SERVER = container(KSERVE, "ServingRuntime")
DEPLOYED = container(DEPLOYMENT, "Deployment")

# `openapi_types` of kserve.models, package kserve 0.21.0, as far as they are not a pod's.
RUNTIME_FIELDS = {"annotations", "supportedModelFormats", "protocolVersions"}
PREDICTOR_FIELDS = {"minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "model"}
MODEL_FIELDS = {"runtime", "modelFormat", "protocolVersion", "storageUri"}
FORMAT_FIELDS = {"name", "version", "autoSelect"}


def pod_of(runtime, predictor):
    """The pod that KServe makes: the runtime's part and the predictor's in one."""
    spec = {name: value for name, value in runtime.items() if name not in RUNTIME_FIELDS}
    spec |= {name: value for name, value in predictor.items() if name not in PREDICTOR_FIELDS}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any"}, "spec": spec}


@pytest.mark.parametrize("version", ["1.32", kubernetes_validate.latest_version()])
def test_the_pod_that_kserve_makes_is_valid(version):
    """From 1.32 on, which KServe asks for. Strictly: an unknown field of either side is an error."""
    kubernetes_validate.validate(pod_of(RUNTIME, PREDICTOR), version, strict=True)
    kubernetes_validate.validate(KINDS["ConfigMap"], version, strict=True)


def test_a_misspelt_field_is_found_out():
    with pytest.raises(kubernetes_validate.ValidationError, match="minReplica"):
        kubernetes_validate.validate(
            pod_of(RUNTIME, PREDICTOR | {"minReplica": 2}), "1.32", strict=True
        )


def test_the_rest_are_fields_of_kserve():
    assert KINDS["ServingRuntime"]["apiVersion"] == "serving.kserve.io/v1alpha1"
    assert KINDS["InferenceService"]["apiVersion"] == "serving.kserve.io/v1beta1"
    assert set(KINDS["InferenceService"]["spec"]) == {"predictor"}
    assert set(PREDICTOR["model"]) == MODEL_FIELDS
    for offered in RUNTIME["supportedModelFormats"]:
        assert set(offered) == FORMAT_FIELDS


def test_the_service_finds_its_runtime():
    model = PREDICTOR["model"]
    assert model["runtime"] == KINDS["ServingRuntime"]["metadata"]["name"]
    assert model["protocolVersion"] in RUNTIME["protocolVersions"]
    offered = [(one["name"], one["version"]) for one in RUNTIME["supportedModelFormats"]]
    assert (model["modelFormat"]["name"], model["modelFormat"]["version"]) in offered
    assert SERVER["name"] == "kserve-container"  # KServe looks for this name


def test_the_folder_of_versions_is_what_is_mounted():
    """A storageUri that ends in a version's number would leave the server without any."""
    assert PREDICTOR["model"]["storageUri"] == f"pvc://models/{MODEL_NAME}"


def test_the_server_is_that_of_the_image_and_its_pod_that_of_the_deployment():
    assert SERVER["image"] == last(SERVING_IMAGE, "FROM")
    for part in ("lifecycle", "resources"):
        assert SERVER[part] == DEPLOYED[part]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        # KServe knows the port by its number.
        expected = DEPLOYED[probe] | {"httpGet": DEPLOYED[probe]["httpGet"] | {"port": 8501}}
        assert SERVER[probe] == expected
    pod = by_kind(DEPLOYMENT)["Deployment"]["spec"]["template"]["spec"]
    assert SERVER["securityContext"] == DEPLOYED["securityContext"] | pod["securityContext"]
    for setting in (
        "shareProcessNamespace",
        "terminationGracePeriodSeconds",
        "automountServiceAccountToken",
    ):
        assert PREDICTOR[setting] == pod[setting]


def test_rest_comes_first_among_the_ports():
    """KServe's Service and ingress lead to the first one."""
    ports = [(port["name"], port["containerPort"]) for port in SERVER["ports"]]
    assert ports == [("http", 8501), ("grpc", 8500)]


def test_it_scales_as_the_deployment_does():
    scaler = by_kind(KUBERNETES / "horizontalpodautoscaler.yaml")["HorizontalPodAutoscaler"]["spec"]
    (metric,) = scaler["metrics"]
    assert (PREDICTOR["minReplicas"], PREDICTOR["maxReplicas"]) == (
        scaler["minReplicas"],
        scaler["maxReplicas"],
    )
    assert PREDICTOR["scaleMetric"] == metric["resource"]["name"]
    assert PREDICTOR["scaleTarget"] == metric["resource"]["target"]["averageUtilization"]
