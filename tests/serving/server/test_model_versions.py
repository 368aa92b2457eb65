"""The life of versions by itself: no TensorFlow, no threads, a loader that obeys."""

import grpc
import pytest

from serving.messages import VersionState
from serving.server.model_versions import ModelConfig, ModelVersions

END, AVAILABLE, UNLOADING = VersionState.END, VersionState.AVAILABLE, VersionState.UNLOADING


@pytest.fixture
def base(tmp_path):
    return tmp_path


def model(base, load=lambda path: path.name, **config):
    return ModelVersions(
        ModelConfig("m", base, **config),
        load,
        lambda error: (grpc.StatusCode.INTERNAL, str(error)),
    )


def states(versions):
    return {version.number: version.state for version in versions.snapshot()}


def test_a_load_sees_the_old_version_serving(base):
    """Available before unloaded: at no time would a request find nothing."""
    seen = []

    def load(path):
        with versions.use(None) as current:
            seen.append(current and current.number)
        return path.name

    versions = model(base, load)
    for name in ("1", "2"):
        (base / name).mkdir()
        versions.poll()
    assert seen == [None, 1]


def test_a_version_in_use_is_kept_until_it_is_left(base):
    versions = model(base)
    (base / "1").mkdir()
    versions.poll()
    with versions.use(None) as held:
        (base / "2").mkdir()
        versions.poll()
        assert states(versions) == {2: AVAILABLE, 1: UNLOADING}
        assert held.loaded == "1"
    versions.poll()
    assert states(versions) == {2: AVAILABLE, 1: END}
    assert held.loaded is None


def test_a_version_on_its_way_out_takes_no_more_requests(base):
    versions = model(base)
    (base / "1").mkdir()
    versions.poll()
    with versions.use(1):
        (base / "2").mkdir()
        versions.poll()
        with versions.use(1) as again:
            assert again is None


def test_a_request_that_fails_leaves_its_version(base):
    versions = model(base)
    (base / "1").mkdir()
    versions.poll()
    with pytest.raises(RuntimeError), versions.use(1) as held:
        raise RuntimeError
    assert held.in_use == 0


def test_a_folder_that_cannot_be_read_changes_nothing(base, tmp_path):
    versions = model(base / "models")
    (base / "models" / "1").mkdir(parents=True)
    versions.poll()
    (base / "models").rename(base / "elsewhere")
    versions.poll()
    assert states(versions) == {1: AVAILABLE}


def test_an_emptied_folder_ends_all(base):
    versions = model(base)
    (base / "1").mkdir()
    versions.poll()
    (base / "1").rmdir()
    versions.poll()
    assert states(versions) == {1: END}


def test_a_version_that_comes_back_is_loaded_again(base):
    versions = model(base)
    for number in (1, 2):
        (base / str(number)).mkdir()
        versions.poll()
    (base / "2").rmdir()
    versions.poll()
    assert states(versions) == {2: END, 1: AVAILABLE}
    (base / "2").mkdir()
    versions.poll()
    assert states(versions) == {2: AVAILABLE, 1: END}


@pytest.mark.parametrize(
    ("config", "chosen"),
    [
        ({}, {10}),
        ({"newest": 2}, {2, 10}),
        ({"newest": None}, {1, 2, 10}),
        ({"only": frozenset({1, 7})}, {1}),
    ],
)
def test_the_policy_chooses(base, config, chosen):
    for number in (1, 2, 10):
        (base / str(number)).mkdir()
    versions = model(base, **config)
    versions.poll()
    assert set(states(versions)) == chosen


def test_leading_zeros_are_a_number_too(base):
    (base / "007").mkdir()
    versions = model(base)
    versions.poll()
    assert states(versions) == {7: AVAILABLE}
