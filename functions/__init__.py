"""Lambda functions: one handler each."""
