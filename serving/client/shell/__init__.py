"""What `python -m serving.client` is made of: words in, answers out, a table that nothing is lost of."""
