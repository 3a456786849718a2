"""Writers: blocks of COPY text in, VOTable, CSV and TSV out."""
