"""Faults and crashes: whatever goes wrong, each operation ends done once or in a state that a person can read."""
