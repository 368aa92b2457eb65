"""The lines that ask for the very text that was typed: curl, Python, Node.js; each can be pasted as it is."""

import json
import shlex
from dataclasses import dataclass
from urllib.parse import quote

from export.signatures import LABEL_SIGNATURE, MODEL_NAME
from serving.app.served import Choice


@dataclass(frozen=True)
class Calls:
    """Whom the lines ask.

    Attributes:
        address: gRPC, `host:port`.
        rest_api_port: REST on the same host.
        model_name: Name under which the model is served.
        choice: Which version.
    """

    address: str
    rest_api_port: int
    model_name: str
    choice: Choice

    def curl(self, text: str) -> str:
        """A line for a shell."""
        # An apostrophe would end a shell's quotes, and its escape in JSON does not.
        body = self._body(text).replace("'", "\\u0027")
        return shlex.join(["curl", "-d", body, self._url])

    def python(self, text: str) -> str:
        """A script for our client."""
        words = [repr(self.address)]
        if self.model_name != MODEL_NAME:
            words.append(f"model_name={self.model_name!r}")
        if self.choice.version is not None:
            words.append(f"version={self.choice.version}")
        if self.choice.label is not None:
            words.append(f"version_label={self.choice.label!r}")
        return (
            "from serving.client import SentimentClient\n\n"
            f"with SentimentClient({', '.join(words)}) as client:\n"
            f"    [answer] = client.predict([{text!r}])\n"
            "    print(answer.label, answer.score, answer.probabilities)\n"
        )

    def node(self, text: str) -> str:
        """A module for Node.js 18 or newer, without a package."""
        return (
            f"const response = await fetch({json.dumps(self._url)}, {{\n"
            '  method: "POST",\n'
            f"  body: JSON.stringify({self._body(text)}),\n"
            "});\n"
            "console.log((await response.json()).predictions);\n"
        )

    @property
    def _url(self) -> str:
        host = self.address.rpartition(":")[0]
        name = quote(self.model_name, safe="")
        return f"http://{host}:{self.rest_api_port}/v1/models/{name}{self.choice.path}:predict"

    @staticmethod
    def _body(text: str) -> str:
        """In ASCII: no shell and no terminal changes it on the way."""
        return json.dumps({"signature_name": LABEL_SIGNATURE, "instances": [text]})
