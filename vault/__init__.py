"""Privacy: pseudonyms, keys per person, sealed fields and encrypted documents.

What is sealed here is readable as long as the person's key exists. Destroy the key and it is gone from every topic,
backup and blob at once, while hash chains over the ciphertext still verify.
"""
