"""Tables as people have them: whatever the file, rows of text come out, piece by piece. No TensorFlow, no pandas."""
