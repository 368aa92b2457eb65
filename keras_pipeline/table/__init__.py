"""Whatever table people have, as labelled rows: train, validation, test, and what a teacher adds."""
