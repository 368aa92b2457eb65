"""What must hold before anybody is answered by a version."""
