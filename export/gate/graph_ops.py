"""Which ops a SavedModel holds, and whether a CPU server can run every one of them.

A server links TensorFlow's own ops and kernels and nothing else. The list below is the ops of this
project's graphs, all of them TensorFlow's own: an op that is new to it stops the export until someone
has looked it up and added it. A graph that was brought may hold any op of TensorFlow's own that has a CPU
kernel and neither files nor Python behind it, and those of TensorFlow Text, which the official server links.
"""

import re
from pathlib import Path
from typing import Final

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import kernels

# Each would load, or seem to, on the machine that made it, and fail on a CPU server.
REFUSED: Final = re.compile(r"Cudnn\w*|Xla\w*|PyFunc\w*|EagerPyFunc|TPU\w*|_Mkl\w*|.*>.*")
"""Ops of cuDNN, XLA, Python, TPUs, and (`Library>Op`) of custom libraries."""

OF_ONE_MACHINE: Final = re.compile(
    r"ReadFile|WriteFile|MatchingFiles|\w*Dataset\w*|\w*Reader\w*|PrintV?2?|Collective\w*|Nccl\w*"
)
"""Ops of TensorFlow's own that reach for files or devices of the machine on which they run."""

OF_TENSORFLOW_TEXT: Final = re.compile(
    r"TFText>\w+|CaseFoldUTF8|ConstrainedSequence|FastBertNormalize|FastWordpiece\w+|FindSourceOffsets"
    r"|MaxSpanningTree|NormalizeUTF8\w*|PhraseTokenize|RegexSplitWithOffsets|RougeL|SentenceFragments\w*"
    r"|Sentencepiece\w+Op|SentencepieceOp|SplitMergeTokenizeWithOffsets|TokenizerFromLogits"
    r"|UnicodeScriptTokenizeWithOffsets|WhitespaceTokenizeWithOffsets|WordpieceTokenizeWithOffsets"
)
"""Ops that tensorflow-text 2.21 registers; the official server links them, another one may not."""

SERVED: Final = frozenset(
    [
        "Add",
        "AddV2",
        "ArgMax",
        "AssignVariableOp",
        "BiasAdd",
        "BlockLSTMV2",
        "BroadcastTo",
        "Cast",
        "ConcatV2",
        "Const",
        "Cumsum",
        "DenseBincount",
        "DisableCopyOnRead",
        "EnsureShape",
        "Equal",
        "ExpandDims",
        "Fill",
        "FloorDiv",
        "FloorMod",
        "GatherNd",
        "GatherV2",
        "Greater",
        "HashTableV2",
        "Identity",
        "If",
        "Less",
        "LessEqual",
        "Log",
        "LogicalAnd",
        "LookupTableExportV2",
        "LookupTableFindV2",
        "LookupTableImportV2",
        "MatMul",
        "Max",
        "Maximum",
        "Mean",
        "MergeV2Checkpoints",
        "Minimum",
        "Mul",
        "MutableHashTableV2",
        "Neg",
        "NoOp",
        "NotEqual",
        "Pack",
        "Pad",
        "PadV2",
        "ParseExampleV2",
        "PartitionedCall",
        "Placeholder",
        "RaggedRange",
        "RaggedTensorToTensor",
        "Range",
        "ReadVariableOp",
        "RealDiv",
        "Relu",
        "Reshape",
        "ResourceGather",
        "RestoreV2",
        "ReverseSequence",
        "ReverseV2",
        "Rsqrt",
        "SaveV2",
        "ScatterNd",
        "Select",
        "SelectV2",
        "Shape",
        "ShardedFilename",
        "Sigmoid",
        "Size",
        "Softmax",
        "SparseSlice",
        "SparseToDense",
        "Split",
        "Sqrt",
        "StatefulPartitionedCall",
        "StatelessWhile",
        "StaticRegexFullMatch",
        "StaticRegexReplace",
        "StridedSlice",
        "StringJoin",
        "StringLength",
        "StringLower",
        "StringSplitV2",
        "StringStrip",
        "Sub",
        "Sum",
        "Tanh",
        "TensorListFromTensor",
        "TensorListGetItem",
        "TensorListReserve",
        "TensorListSetItem",
        "TensorListStack",
        "Tile",
        "TopKV2",
        "Transpose",
        "UnicodeTranscode",
        "Unique",
        "Unpack",
        "UpperBound",
        "VarHandleOp",
        "VarIsInitializedOp",
        "While",
        "ZerosLike",
    ]
)
"""Ops of this project's graphs, in every build, and of what TensorFlow writes around them."""


def ops_of(directory: Path) -> set[str]:
    """Names of all ops in a SavedModel's graph and its functions."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((directory / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    inner = (node.op for function in graph.library.function for node in function.node_def)
    called = {function.signature.name for function in graph.library.function}
    return {*(node.op for node in graph.node), *inner} - called


def unservable(ops: set[str], *, ours: bool = True) -> dict[str, str]:
    """Ops that a CPU server may not be able to run, each with the reason; empty is good.

    Args:
        ops: names.
        ours: whether they must be of this project's graphs, or may be any of TensorFlow's own.
    """
    reasons = {op: _reason(op, ours) for op in sorted(ops)}
    return {op: reason for op, reason in reasons.items() if reason}


def _reason(op: str, ours: bool) -> str:
    if not ours and OF_TENSORFLOW_TEXT.fullmatch(op):
        return ""
    if REFUSED.fullmatch(op):
        return "runs on some machines only"
    if op not in SERVED and ours:
        return "is not on the list of ops that TensorFlow Serving is known to link"
    if not ours and OF_ONE_MACHINE.fullmatch(op):
        return "reaches for what is on one machine"
    # An op that some library brought has no function here.
    if not ours and not hasattr(tf.raw_ops, op):
        return "is none of TensorFlow's own"
    return "" if _has_cpu_kernel(op) else "has no CPU kernel"


def _has_cpu_kernel(op: str) -> bool:
    found = kernels.get_registered_kernels_for_op(op).kernel
    return any(kernel.device_type in ("CPU", "DEFAULT") for kernel in found)
