"""Batch: says when everything that was uploaded together has ended or waits for a person."""
