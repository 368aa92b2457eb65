"""A graph with ops of TensorFlow Text is served where they are installed, as by the official server."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
WRITE = """
import sys
from pathlib import Path
import importlib.util
import tensorflow as tf

(folder,) = importlib.util.find_spec("tensorflow_text").submodule_search_locations
libraries = [tf.load_op_library(str(file)) for file in sorted(Path(folder).rglob("_*.so"))]
(ops,) = [library for library in libraries if hasattr(library, "case_fold_utf8")]
module = tf.Module()
module.serve = tf.function(
    lambda text: {"folded": ops.case_fold_utf8(text)}, input_signature=[tf.TensorSpec([None], tf.string, name="text")]
)
tf.saved_model.save(module, sys.argv[1], signatures={"serving_default": module.serve})
"""
ASK = """
import sys
from pathlib import Path
import tensorflow as tf
from tensorflow.python.eager.cancellation import CancellationManager
from tensorflow_serving.apis import predict_pb2
from serving.server.saved_model.servable import Servable

request = predict_pb2.PredictRequest()
request.inputs["text"].CopyFrom(tf.make_tensor_proto(["So HAPPY"]))
answer = Servable(Path(sys.argv[1]), 8).predict(request, CancellationManager())
print(list(answer.outputs["folded"].string_val), "tensorflow_text" in sys.modules)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_text") is None, reason="TensorFlow Text is not installed"
)
def test_its_ops_are_registered_without_its_python_package(tmp_path):
    """In processes of their own: what is registered stays so."""
    for code in (WRITE, ASK):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "1")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout == "[b'so happy'] False\n"
