"""Support: what every room uses: names of types, words, files, threads."""
