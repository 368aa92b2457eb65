"""Other models, policies and labels while the server runs: by a request, or by a file that is read again and again."""
