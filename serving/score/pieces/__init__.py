"""Files, cut into pieces that begin and end with a row, and the rows of each."""
