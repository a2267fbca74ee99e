"""Marts as files."""
