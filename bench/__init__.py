"""Measurements of the product, each beside a baseline that ran in the same minute on the same broker."""
