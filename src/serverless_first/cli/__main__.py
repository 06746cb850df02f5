"""`python -m serverless_first.cli`, for where the command is not on the path."""

from serverless_first.cli.commands import main

if __name__ == "__main__":
    main()
