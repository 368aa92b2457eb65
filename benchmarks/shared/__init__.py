"""What the measurements share. No TensorFlow is imported here: some of it runs in light processes."""
