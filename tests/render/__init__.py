"""Hostile texts as HTML."""
