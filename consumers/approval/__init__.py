"""Halts what a rule or a doubt holds, and lets a person decide: the explicit state machine of an expense."""
