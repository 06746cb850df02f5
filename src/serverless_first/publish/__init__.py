"""Makes `site`, the reading copy, and `wheelhouse`, the packages for a room without internet."""
