"""Tests of dreams/remote."""
