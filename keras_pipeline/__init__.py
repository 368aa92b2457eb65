"""From a CSV of tweets to one trained Keras graph that answers raw strings.

Importing this package registers its layers and functions with Keras, so that
`keras.saving.load_model` reads a saved run back with `safe_mode` on.
"""

import os

# TensorFlow greets every process with notes about CUDA and oneDNN, some at level ERROR on a machine
# that simply has no GPU. What fails still raises in Python. Set the variable yourself to see them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras_pipeline.config import TrainConfig
from keras_pipeline.layers.expressive_tweet_cleaner import ExpressiveTweetCleaner
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer
from keras_pipeline.model import SentimentModel, build_classifier, load_model

__all__ = [
    "ExpressiveTweetCleaner",
    "SentimentModel",
    "TrainConfig",
    "TweetCleaner",
    "build_classifier",
    "build_vectorizer",
    "load_model",
]
