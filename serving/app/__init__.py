"""The page for people: `python -m serving.app`."""
