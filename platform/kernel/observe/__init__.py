"""What the house says about itself: logs without personal data, health, counts, and whose work is being done."""
