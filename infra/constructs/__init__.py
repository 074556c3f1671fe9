"""The parts of the stack, one noun a file. None knows another; `gateway_stack.py` wires them."""
