"""Ask a served model, without TensorFlow: from Python, from asyncio (`serving.client.aio`), from a shell."""

from serving.client.blocking import SentimentClient

__all__ = ["SentimentClient"]
