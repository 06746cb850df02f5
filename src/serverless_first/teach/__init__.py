"""For instructors: `classroom` runs a class on one machine, `board` shows who is done and who is stuck."""
