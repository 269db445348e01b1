"""The staff's pages of students: the list, one student, and their import."""
