"""``unrolled bench serve``: a server under load, which checks every text that it writes."""
