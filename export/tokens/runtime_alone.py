"""What a process that has only a runtime gets out of a LiteRT or an ONNX file. Run as a script.

    python -I runtime_alone.py MODEL_FILE TASKS.npz ANSWERS.npz

TASKS.npz     ids [rows, time] int64; sizes [n], rows of a batch; rows [n], how many to ask in such
              batches; trim, whether a batch is as wide as its longest row
ANSWERS.npz   b<size>/probabilities for each size, none/probabilities, signature (JSON)
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The runtime must do: an import of what wrote the file, or of this project, fails.
if __name__ == "__main__":
    for _module in (
        *("keras_pipeline", "export", "serving"),
        *("tensorflow", "keras", "tf_keras", "tf2onnx", "onnx"),
    ):
        sys.modules[_module] = None  # type: ignore[assignment]

import numpy as np

Array = np.ndarray[Any, Any]
Ask = Callable[[Array], Array]
Signature = list[dict[str, tuple[str, list[int | None]]]]


def main(model_file: str, tasks_file: str, answers_file: str) -> None:
    """Do the tasks and write the answers."""
    load = _litert if Path(model_file).suffix == ".tflite" else _onnx
    ask, signature = load(model_file)
    with np.load(tasks_file) as tasks:
        ids, trim = tasks["ids"], bool(tasks["trim"])
        asked = zip(tasks["sizes"].tolist(), tasks["rows"].tolist(), strict=True)
        answers: dict[str, Any] = {
            f"b{size}/probabilities": _in_batches(ask, ids[:rows], size, trim=trim)
            for size, rows in asked
        }
    answers["none/probabilities"] = ask(ids[:0])
    np.savez(answers_file, signature=json.dumps(signature), **answers)


def _in_batches(ask: Ask, ids: Array, size: int, *, trim: bool) -> Array:
    batches = [ids[start : start + size] for start in range(0, len(ids), size)]
    return np.concatenate([ask(_trimmed(batch) if trim else batch) for batch in batches])


def _trimmed(batch: Array) -> Array:
    return batch[:, : (batch != 0).sum(axis=1).max()]


def _litert(model_file: str) -> tuple[Ask, Signature]:
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 (one of the two is there)

    runner = Interpreter(model_file).get_signature_runner()
    signature = [
        {
            name: (
                np.dtype(tensor["dtype"]).name,
                [None if size == -1 else int(size) for size in tensor["shape_signature"]],
            )
            for name, tensor in details.items()
        }
        for details in (runner.get_input_details(), runner.get_output_details())
    ]
    (given,), (wanted,) = signature
    return lambda ids: runner(**{given: ids})[wanted].copy(), signature


def _onnx(model_file: str) -> tuple[Ask, Signature]:
    import onnxruntime  # noqa: PLC0415 (as above)

    session = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
    signature = [
        {
            tensor.name: (
                _NUMPY_NAMES.get(tensor.type, tensor.type),
                [size if isinstance(size, int) else None for size in tensor.shape],
            )
            for tensor in tensors
        }
        for tensors in (session.get_inputs(), session.get_outputs())
    ]
    (given,), (wanted,) = signature
    return lambda ids: session.run([wanted], {given: ids})[0], signature


_NUMPY_NAMES = {"tensor(int64)": "int64", "tensor(float)": "float32"}

if __name__ == "__main__":
    main(*sys.argv[1:])
