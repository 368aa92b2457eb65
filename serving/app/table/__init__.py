"""A table that people upload: asked in pieces, counted as it goes, stopped when they say so."""
