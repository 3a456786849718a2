"""Columns, blocks and readers that the tests of the writers share."""

import io
import warnings

from astropy.io.votable import parse
from astropy.io.votable.exceptions import W32, W33

from provtap.tableset import Column


def text(name="t", **metadata):
    return Column(name=name, datatype="unicodeChar", arraysize="*", **metadata)


def integer(name="n", **metadata):
    return Column(name=name, datatype="int", **metadata)


def double(name="d", **metadata):
    return Column(name=name, datatype="double", **metadata)


def read(document):
    """Return the VOTable *document* as astropy reads it; only its renaming of equal names may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", W32)
        warnings.simplefilter("ignore", W33)
        return parse(io.BytesIO(document), verify="exception")


def statuses(document):
    """Return the values of QUERY_STATUS, in order."""
    resource = read(document).resources[0]
    infos = [*resource.infos, *(i for t in resource.tables for i in t.infos)]
    return [info.value for info in infos if info.name == "QUERY_STATUS"]
