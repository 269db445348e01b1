"""Classes: the weekly timetable, and the live classes held in its slots."""
