"""SavedModels as earlier releases wrote them."""

import json
from pathlib import Path

from tensorflow.core.protobuf import saved_model_pb2

from export.signatures import KNOWN, LABEL_SIGNATURE


def without_known(version: Path) -> None:
    """Take out what came with configurable labels: the output `known`, and the settings' labels."""
    file = version / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    del saved.meta_graphs[0].signature_def[LABEL_SIGNATURE].outputs[KNOWN]
    file.write_bytes(saved.SerializeToString())
    path = version / "assets.extra" / "model_card.json"
    card = json.loads(path.read_text())
    del card["config"]["labels"]
    path.write_text(json.dumps(card))
