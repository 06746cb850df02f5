"""What the tests of the local cloud share, here and in the course."""
