"""Anybody's Keras text model, made into what the exporter needs: one text in, probabilities of named classes out."""
