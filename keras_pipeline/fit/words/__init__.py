"""What training knows of single words: which there are, what vectors they begin with, what each says of the classes."""
