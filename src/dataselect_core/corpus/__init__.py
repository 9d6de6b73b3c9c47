"""Corpora as people have them: files of many forms, folders, and what a page was given."""
