"""Lab: the interactive page served from this machine, with tables of one's own, to this machine's browser."""
