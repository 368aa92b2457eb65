"""Ask a served model, without TensorFlow: from Python, from asyncio (`serving.client.aio`), from a shell."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serving.client.blocking import SentimentClient

__all__ = ["SentimentClient"]


def __getattr__(name: str) -> Any:
    """Import gRPC with the client's first use: `__main__.py` sets up what gRPC reads while it is imported."""
    if name in __all__:
        from serving.client import blocking  # noqa: PLC0415

        return getattr(blocking, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
