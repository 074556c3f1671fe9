"""`event-gateway doctor`: is this machine and this AWS account ready for `make deploy`, and if not, what has to be done."""
