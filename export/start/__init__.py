"""How every command of this project starts: one sentence on a mistake, and TensorFlow without its own."""
