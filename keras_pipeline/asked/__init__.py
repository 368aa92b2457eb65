"""What a run is asked to do: the options of training, and all that can be told before TensorFlow starts."""
