"""Everything that enters: documents, card feeds, policies, keys, time, and what a person does about dead letters.

Producers are idempotent, not transactional: each event id derives from its cause, so that what is sent again after a
failure is the same event again.
"""
