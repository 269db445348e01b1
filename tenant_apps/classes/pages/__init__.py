"""Pages of classes: the week's timetable, the day's classes, the class room, and whose video it is."""
