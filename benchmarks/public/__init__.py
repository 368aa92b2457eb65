"""Public tables with a measure of their own: TweetEval's ten, and UMSAB with its eight languages."""
