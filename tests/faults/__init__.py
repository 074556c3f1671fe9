"""What becomes of accepted events when everything around the gateway fails: AWS, functions, and the gateway's own processes."""
