"""The string half of the graph, and numeric layers that Keras lacks; importing it registers them all with Keras."""

from keras_pipeline.layers.expressive_tweet_cleaner import ExpressiveTweetCleaner
from keras_pipeline.layers.max_mean_pooling import MaxMeanPooling1D
from keras_pipeline.layers.tweet_cleaner import TweetCleaner
from keras_pipeline.layers.vectorizer import build_vectorizer
from keras_pipeline.layers.word_scores import WordScores

__all__ = [
    "ExpressiveTweetCleaner",
    "MaxMeanPooling1D",
    "TweetCleaner",
    "WordScores",
    "build_vectorizer",
]
