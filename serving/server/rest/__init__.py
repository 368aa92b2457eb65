"""REST of the embedded server: the paths, the JSON and the words of tensorflow_model_server, over the same models."""
