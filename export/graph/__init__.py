"""The served graph: raw text in, probabilities out, built of stock ops and written as a SavedModel."""
