"""What is deployed: the CDK application."""
