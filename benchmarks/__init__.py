"""What is timed, side by side with something everybody knows; never a test that fails on time."""
