"""One command from a table to the best model: a teacher, then the student that is served."""
