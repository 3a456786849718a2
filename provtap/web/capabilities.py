"""The capabilities of the service as a VOSI document, made from the values that the code uses.

Sources: VOSI 1.1, section 2; TAPRegExt 1.0 with its erratum 1; VOResource 1.1.
"""

from math import ceil
from typing import Literal, cast

from lxml import etree
from pydantic import AnyUrl
from vo_models.tapregext.models import (
    DataLimit,
    DataLimits,
    DataModelType,
    Language,
    LanguageFeature,
    LanguageFeatureList,
    OutputFormat,
    TableAccess,
    TimeLimits,
    UploadMethod,
    Version,
)
from vo_models.voresource.models import AccessURL, Capability, Interface, SecurityMethod
from vo_models.vosi.capabilities import VOSICapabilities

from provtap.adql.functions.features import language_features
from provtap.config import Settings
from provtap.query import LANGUAGES
from provtap.query.links import DATALINK_ID, DATALINK_TYPE
from provtap.results.formats import FORMATS
from provtap.tableset import Tableset

UPLOADS = ("inline", "http", "https")
"""Methods of uploading tables with a request (TAPRegExt 1.0, section 2.5)."""
_VOSI = "ivo://ivoa.net/std/VOSI"


OBSCORE = "ivo://ivoa.net/std/ObsCore#core-1.1"


def capabilities_document(
    tap_url: str, settings: Settings, tableset: Tableset, *, observed: bool = False
) -> bytes:
    """Return the capabilities of the TAP service at *tap_url*, which has no slash at its end.

    *observed*: there are observations, so that ObsCore is declared. Clients look for it to find data (OBS-1).
    """
    document = VOSICapabilities(
        capability=[
            _table_access(tap_url, settings, tableset, observed),
            _endpoint(f"{_VOSI}#capabilities", f"{tap_url}/capabilities", "1.0"),
            _endpoint(f"{_VOSI}#availability", f"{tap_url}/availability", "1.0"),
            _endpoint(f"{_VOSI}#tables-1.1", f"{tap_url}/tables", "1.1"),
            _page("ivo://ivoa.net/std/DALI#examples", f"{tap_url}/examples"),
            _datalink(f"{settings.root_url}/links", settings),
        ]
    )
    # With empty elements and attributes the document would not be valid.
    body = cast(bytes, document.to_xml(skip_empty=True, encoding="UTF-8", xml_declaration=True))
    root = etree.fromstring(body)
    _add_types(root)
    if settings.accounts:
        _allow_anonymous(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _allow_anonymous(root: etree._Element) -> None:
    """Add the one empty element that is needed: the security method "none" (REG-14)."""
    for first in root.iterfind("capability/interface/securityMethod[1]"):
        first.addprevious(etree.Element("securityMethod"))


def _datalink(url: str, settings: Settings) -> Capability:
    """Return the capability of DataLink (LINK-8)."""
    return Capability(
        standard_id=AnyUrl(DATALINK_ID),
        interface=[_interface(url, "base", "1.1", _security_methods(settings))],
    )


def _add_types(root: etree._Element) -> None:
    """Add how DataLink is asked, and what it answers with: an Interface of vo-models does not have this.

    Of a second query type, and of parameters, pyvo warns: those are in what /links says of itself.
    """
    for interface in root.iterfind(f"capability[@standardID='{DATALINK_ID}']/interface"):
        for tag, text in (("queryType", "GET"), ("resultType", DATALINK_TYPE)):
            etree.SubElement(interface, tag).text = text


def _table_access(tap_url: str, settings: Settings, tableset: Tableset, observed: bool) -> TableAccess:
    retention = ceil(settings.job_retention)
    return TableAccess(
        interface=[_interface(tap_url, "base", "1.1", _security_methods(settings))],
        data_model=_data_models(tableset, observed),
        language=[_language(settings)],
        output_format=[OutputFormat(mime=f.mime, alias=list(f.aliases), ivo_id=f.ivo_id) for f in FORMATS],
        upload_method=[UploadMethod(ivo_id=f"ivo://ivoa.net/std/TAPRegExt#upload-{m}") for m in UPLOADS],
        retention_period=TimeLimits(default=retention, hard=retention),
        execution_duration=TimeLimits(
            default=ceil(settings.async_duration), hard=ceil(settings.async_duration_limit)
        ),
        output_limit=DataLimits(
            default=DataLimit(value=settings.maxrec, unit="row"),
            hard=DataLimit(value=settings.maxrec_limit, unit="row"),
        ),
        upload_limit=DataLimits(
            default=DataLimit(value=settings.upload_bytes, unit="byte"),
            hard=DataLimit(value=settings.upload_bytes, unit="byte"),
        ),
    )


def _data_models(tableset: Tableset, observed: bool) -> list[DataModelType]:
    """Return the data models that the utypes of schemas name."""
    utypes = [schema.utype for schema in tableset.schemas if schema.utype]
    models = [utype for utype in utypes if observed or utype != OBSCORE]
    return [DataModelType(value=model.rpartition("/")[2], ivo_id=model) for model in models]


def _language(settings: Settings) -> Language:
    """Return the values of LANG: ADQL, or ADQL with one of the versions."""
    versions = [lang.removeprefix("ADQL-") for lang in LANGUAGES if lang.startswith("ADQL-")]
    return Language(
        name="ADQL",
        version=[Version(value=v, ivo_id=f"ivo://ivoa.net/std/ADQL#v{v}") for v in versions],
        description="The Astronomical Data Query Language of the IVOA.",
        language_features=_features(settings),
    )


def _features(settings: Settings) -> list[LanguageFeatureList]:
    """Return the optional features of ADQL 2.1 that work here (REG-7, REG-8)."""
    authority = "/".join(settings.service_ivoid.split("/")[:3]) if settings.service_ivoid else None
    features = language_features(
        declare_coalesce=settings.declare_coalesce, authority=authority, strict=settings.adql_strict
    )
    return [
        LanguageFeatureList(
            type=type_, feature=[LanguageFeature(form=f.form, description=f.description) for f in members]
        )
        for type_, members in features.items()
    ]


def _endpoint(standard_id: str, url: str, version: str) -> Capability:
    return Capability(standard_id=AnyUrl(standard_id), interface=[_interface(url, "full", version)])


def _page(standard_id: str, url: str) -> Capability:
    """Return the capability of a page for people and programs (REG-4)."""
    interface = Interface(
        type="vr:WebBrowser", role="std", access_url=[AccessURL(value=AnyUrl(url), use="full")]
    )
    return Capability(standard_id=AnyUrl(standard_id), interface=[interface])


def _interface(
    url: str, use: Literal["base", "full"], version: str, security_methods: list[SecurityMethod] | None = None
) -> Interface:
    return Interface(
        type="vs:ParamHTTP",
        role="std",
        version=version,
        access_url=[AccessURL(value=AnyUrl(url), use=use)],
        security_method=security_methods,
    )


def _security_methods(settings: Settings) -> list[SecurityMethod]:
    """Return the methods of authentication; existing clients only use Basic, with a token as password."""
    return [SecurityMethod(standard_id=AnyUrl("ivo://ivoa.net/sso#BasicAA"))] if settings.accounts else []
