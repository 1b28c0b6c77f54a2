"""Lab: pages to learn with, in the browser."""
