"""The gateway in an AWS account: one CDK stack."""
