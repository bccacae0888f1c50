"""The audit trail, pure: hash chain, Merkle tree, verification, reconstruction, story.

Used by the stage that seals and the one that builds the read model, and by auditors; nothing here knows of Kafka.
"""
