"""Writers: convert blocks of COPY to VOTable, CSV and other formats."""
