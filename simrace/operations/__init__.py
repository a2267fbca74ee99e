"""What is done with a warehouse: land, forget, retain, replay, verify, watch."""
