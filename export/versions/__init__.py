"""The folder of versions: stage, publish, list, roll back, keep; and the card of each."""
