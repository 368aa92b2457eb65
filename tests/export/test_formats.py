"""What is asked for and cannot be had gets one sentence, before anything is written."""

import re

import pytest
from changed_models import of_unknown_layers

from export import __main__ as command
from export import formats
from export.errors import ExportError
from export.formats import require
from export.options import default_to
from export.settings import LITERT, ONNX, Artefact
from export.tokens.token_file import write_token_artefact


@pytest.mark.parametrize("missing", [LITERT, ONNX])
def test_a_package_that_is_not_installed_is_named(missing, monkeypatch):
    monkeypatch.setitem(formats.PACKAGES, missing, {"no_such_module": "no-such-package"})
    sentence = re.escape(
        f"`format` {missing} needs no-such-package; `pip install '.[{missing}]'` brings what "
        f"it needs. Received: format='{missing}'"
    )
    with pytest.raises(ExportError, match=f"^{sentence}$"):
        require(Artefact(file_format=missing))


@pytest.mark.parametrize(
    ("artefact", "sentence"),
    [
        (Artefact(file_format="coreml"), "`format` must be saved_model or litert or onnx. "),
        (Artefact(weights="int8"), "`weights` must be float32 or float16. "),
        (Artefact(file_format=ONNX, graph="keras"), "`graph` of `onnx` must be auto. "),
    ],
)
def test_what_no_artefact_is_gets_one_sentence(artefact, sentence):
    with pytest.raises(ExportError, match=re.escape(sentence) + "Received: .*") as caught:
        require(artefact)
    assert caught.value.exit_code == 2


def test_a_graph_for_a_format_that_has_no_choice_is_a_usage_error(capsys):
    assert command.main(["nowhere", "--format", "litert", "--graph", "keras"]) == 2
    assert "`graph` of `litert` must be auto. Received: graph='keras'" in capsys.readouterr().err


def test_a_classifier_that_the_loop_does_not_know_is_refused(tmp_path):
    model = of_unknown_layers()
    sentence = "`format` onnx has no graph for this classifier, use saved_model: only the plain"
    with pytest.raises(ExportError, match=sentence):
        write_token_artefact(model, tmp_path, ONNX)
    assert not list(tmp_path.iterdir())


def test_the_default_folder_is_the_formats_own():
    """A server takes the newest number in a folder for its next SavedModel."""
    assert str(default_to("saved_model")) == "models/tweet_sentiment"
    assert str(default_to(ONNX)) == "models/tweet_sentiment_onnx"
