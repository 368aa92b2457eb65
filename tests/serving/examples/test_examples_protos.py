"""The .proto files of the examples: TensorFlow Serving's own, cut down, so the wire is the same."""

import re
from pathlib import Path

import pytest
from google.protobuf.descriptor import FieldDescriptor
from tensorflow_serving.apis import prediction_service_pb2

EXAMPLES = Path(__file__).parents[3] / "serving" / "examples"
FILES = ("tensorflow.proto", "tensorflow_serving.proto")

_TOKEN = re.compile(
    r"package (?P<package>[\w.]+);"
    r"|(?:message|enum|service) (?P<open>\w+) \{"
    r"|(?P<close>\})"
    r"|rpc (?P<rpc>\w+)\((?P<request>\w+)\) returns \((?P<response>\w+)\);"
    r"|(?P<value>DT_\w+) = (?P<value_number>\d+);"
    r"|(?P<repeated>repeated )?(?P<type>map<string, [\w.]+>|[\w.]+) (?P<field>\w+) = (?P<number>\d+);"
)


def declared(file):
    """Every field, enum value and method of a file by full name, as (number, type) or message names."""
    text = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
    # Its fields are the message's.
    text = re.sub(r"oneof \w+ \{([^}]*)\}", r"\1", text)
    path, found = [], {}
    for token in _TOKEN.finditer(text):
        name = ".".join([*path, token["field"] or token["value"] or token["rpc"] or ""])
        if token["package"] or token["open"]:
            path.append(token["package"] or token["open"])
        elif token["close"]:
            path.pop()
        elif token["rpc"]:
            found[name] = (token["request"], token["response"])
        elif token["value"]:
            found[name] = int(token["value_number"])
        else:
            repeated = bool(token["repeated"]) or token["type"].startswith("map")
            found[name] = (int(token["number"]), last_word(token["type"]), repeated)
    return found


def last_word(kind):
    """`TensorProto` of `map<string, tensorflow.TensorProto>`."""
    return re.findall(r"\w+", kind)[-1]


def official():
    """The same of all that the official PredictionService declares or needs."""
    service = prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"]
    found = {m.full_name: (m.input_type.name, m.output_type.name) for m in service.methods}
    waiting = [kind for m in service.methods for kind in (m.input_type, m.output_type)]
    seen = set()
    while waiting:
        message = waiting.pop()
        if message.full_name not in seen:
            seen.add(message.full_name)
            waiting += [field.message_type for field in message.fields if field.message_type]
            for field in message.fields:
                found[field.full_name] = (field.number, type_name(field), field.is_repeated)
                values = field.enum_type.values if field.enum_type else ()
                found |= {f"{field.enum_type.full_name}.{v.name}": v.number for v in values}
    return found


SCALARS = {
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
}


def type_name(field):
    """A map's is that of its values."""
    if field.enum_type:
        return field.enum_type.name
    if not field.message_type:
        return SCALARS.get(field.type)
    if field.message_type.GetOptions().map_entry:
        return type_name(field.message_type.fields_by_name["value"])
    return field.message_type.name


@pytest.fixture(scope="module")
def theirs():
    return official()


@pytest.mark.parametrize(("file", "count"), [(FILES[0], 15), (FILES[1], 19)])
def test_names_numbers_and_types_are_the_official_ones(file, count, theirs):
    ours = declared(EXAMPLES / "node" / file)
    assert len(ours) == count  # each is read by the test
    assert ours == {name: theirs.get(name) for name in ours}


@pytest.mark.parametrize("file", FILES)
def test_each_folder_has_the_same_ones(file):
    """A folder is copied alone, so each has its own."""
    assert (EXAMPLES / "java" / file).read_bytes() == (EXAMPLES / "node" / file).read_bytes()
