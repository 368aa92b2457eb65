"""Which model a client asks, and where: the part of every request that stays the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """Address, model, and which of its versions and signatures.

    Attributes:
        address: Where the server is, for messages to people.
        model_name: Name under which the server offers the model.
        version: A version number; `None` for the newest, or for the one that `version_label` names.
        version_label: A label such as `stable`, set up at the server; `None` for none.
        signature_name: Signature that `predict` and `classify` use; `None` for their own.

    Raises:
        ValueError: Both a version and a label were given, a version that none can have, or a name that is
            empty or has no UTF-8.
    """

    address: str
    model_name: str
    version: int | None = None
    version_label: str | None = None
    signature_name: str | None = None

    def __post_init__(self) -> None:
        if not self.model_name:
            raise ValueError("`model_name` must not be empty. Received: model_name=''")
        for name in ("model_name", "version_label", "signature_name"):
            _check_utf8(name, getattr(self, name) or "")
        if self.version is not None and not 0 <= self.version < 2**63:
            raise ValueError(
                f"`version` must be a whole number from 0 to 2^63 - 1. Received: version={self.version}"
            )
        if self.version is not None and self.version_label is not None:
            raise ValueError(
                "Choose a version by number or by label, not by both. Received: "
                f"version={self.version}, version_label={self.version_label!r}"
            )

    @property
    def model(self) -> str:
        """The model in words.

        >>> Target("localhost:8500", "mood", version=3).model
        'version 3 of model "mood"'
        """
        name = f'model "{self.model_name}"'
        if self.version is not None:
            return f"version {self.version} of {name}"
        return name if self.version_label is None else f'version "{self.version_label}" of {name}'


def _check_utf8(name: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"`{name}` must be UTF-8. Received: {name}={value!r}") from error
