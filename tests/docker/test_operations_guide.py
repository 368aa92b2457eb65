"""docs/operations.md names what is there."""

import re

import pytest
from deployment_files import ROOT
from model_server_flags import FLAGS

GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LATER = {"docker/config/ssl.config"}
"""Made by a command of the guide."""


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"\b(?:docker|tests)/[\w./-]*\w/?", GUIDE)) - LATER)
)
def test_a_path_in_it_exists(path):
    assert (ROOT / path).exists()


def test_a_server_flag_in_it_exists():
    """Those with underscores are the server's; docker's and ours have none."""
    named = {name for name in re.findall(r"--(\w+)", GUIDE) if "_" in name}
    assert named - {"tensorflow_"} <= FLAGS
