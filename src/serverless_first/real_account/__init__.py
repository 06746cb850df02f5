"""A cloud that is not the local one: a real account, after a confirmation, or another emulator; tags and cleaning up.

Nothing here is loaded while only the local cloud is used.
"""
