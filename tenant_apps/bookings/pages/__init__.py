"""The pages of bookings: the desk's hall, check-in, and a student's seat with its pass."""
