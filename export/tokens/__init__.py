"""LiteRT and ONNX files, which carry no strings: they take token ids."""
