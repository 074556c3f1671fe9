"""API Gateway events in and out: requests, routes, errors as HTTP."""
