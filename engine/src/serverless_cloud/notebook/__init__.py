"""Runs in the notebook's process: starts the local cloud, looks inside it, and tidies up."""
