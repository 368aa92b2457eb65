"""Ask a served model."""
