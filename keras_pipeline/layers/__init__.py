"""The string half of the graph; importing it registers its layers with Keras."""

from keras_pipeline.layers.expressive_tweet_cleaner import ExpressiveTweetCleaner
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer

__all__ = [
    "ExpressiveTweetCleaner",
    "TweetCleaner",
    "build_vectorizer",
]
