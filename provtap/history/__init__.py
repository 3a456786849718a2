"""The provenance of a thing as it was known on a date: from the documents that had arrived by then.

What a document said is joined with what others said, so the tables do not show what was known before. The
documents about the history of the thing are therefore stored again, with the statements of the store, in a
scratch database, and the answer is read from there. It is the answer of a store that contains only the
documents that had arrived by then.
"""

from provtap.history.answer import retrieve

__all__ = ["retrieve"]
