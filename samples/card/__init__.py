"""A corporate card feed of 200 lines: ordinary spend, and every kind of violation a reviewer meets in a month."""
