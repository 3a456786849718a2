"""Headers of data products: the keywords of CTAO, ESO and CADC."""
