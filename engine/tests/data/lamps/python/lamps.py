NAME = "andon"
