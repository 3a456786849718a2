"""What stands behind a product: whom and what to cite and to acknowledge, each once.

`credits` finds it in the store, `formats` writes it as BibTeX and as text.
"""

from provtap.citation.credits import Credits, credits_of, find_product
from provtap.citation.formats import FORMATS, choose
from provtap.citation.origin import product_origin

__all__ = ["FORMATS", "Credits", "choose", "credits_of", "find_product", "product_origin"]
