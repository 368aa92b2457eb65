"""Servers in processes of their own, which the gate asks as a client would."""
