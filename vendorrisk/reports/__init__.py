"""What people read away from the screen, and how it is worded there and on the pages alike."""
