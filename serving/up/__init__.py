"""What is published, served by the best server that this machine has."""
