"""Corpora as people have them: files in many formats, folders, and files given to a page."""
