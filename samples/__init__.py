"""The demonstration set: documents and a card feed of fictional companies, made on the spot and the same every time.

Nothing here is read by the product. The set exists so that a stranger sees realistic documents travel, and so that
what happened to each can be held against what a person would expect.
"""
