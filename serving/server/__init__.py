"""The embedded server: SavedModels over gRPC and REST as tensorflow_model_server answers, where that is not to be had."""
