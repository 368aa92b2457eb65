"""How good a model is: figures, pictures and a report to look at."""
