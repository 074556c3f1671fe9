"""`python -m local` is the command `event-gateway`."""

from local.cli import main

main()
