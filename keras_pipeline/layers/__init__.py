"""The string half of the graph, and numeric layers that Keras lacks."""
