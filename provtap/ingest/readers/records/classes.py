"""The classes and attributes of a document of records, as the VO-DML of ProvenanceDM 1.0 spells them.

What can be recorded, what can be read back and the OpenAPI description all follow from this table. `Run` and
the attribute `location` of relations are ours.
"""

from provtap.ingest.model import identity
from provtap.ingest.readers.records.vocabulary import (
    ID,
    NAME,
    NEEDED,
    ROLE,
    TIME,
    Attribute,
    Class,
    Rules,
    attributes,
    to,
)

_LOCATION: Rules = {
    "column": None,
    "about": "Instead of entity: a path or URL. It stands for the file that was there at that time, so that"
    " runs which share a file are joined without ids.",
}
_WRITTEN: Rules = TIME | {
    "column": None,
    "about": "When the file at location was written, by default at the end of the activity. The time of an"
    " entity that is told by id is its generatedAtTime.",
}
_ENTITY: dict[str, Rules] = {
    "id": ID | NEEDED,
    "name": NAME,
    "location": {},
    "generatedAtTime": TIME,
    "invalidatedAtTime": TIME,
    "comment": {},
    "entityDescription": to("entity description"),
}
_ENTITY_DESCRIPTION: dict[str, Rules] = {
    "id": ID,
    "name": NAME | NEEDED,
    "description": {},
    "docurl": {},
    "type": ROLE,
}
_VALUE_TYPE: dict[str, Rules] = {"valueType": ROLE | NEEDED, "unit": {}, "ucd": {}, "utype": {}}
_ROLE_DESCRIPTION: dict[str, Rules] = {
    "id": ID,
    "activityDescription": to("activity description", needed=True),
    "role": ROLE | NEEDED,
    "description": {},
    "type": ROLE,
    "multiplicity": {},
    "entityDescription": {
        "kind": "ids",
        "limit": identity.MAX_BYTES,
        "refers": "entity description",
        "column": None,
        "about": "The kinds of entity that may have this role.",
    },
}


def _entity(name: str, path: str, **further: Rules) -> Class:
    return Class(
        name=name,
        path=path,
        table="provenance.entity",
        attributes=attributes("e_", **_ENTITY, **further),
        fixed={"e_class": name},
        thing="entity",
    )


def _entity_description(name: str, path: str, **further: Rules) -> Class:
    return Class(
        name=name,
        path=path,
        table="provenance.entitydescription",
        attributes=attributes("ed_", **_ENTITY_DESCRIPTION, **further),
        fixed={"ed_class": name},
        thing="entity description",
    )


def _role_description(name: str, path: str, prefix: str) -> Class:
    table = f"provenance.{name.lower()}"
    links = (
        f"{table}_entitydescription",
        f"{prefix}ed_{name.lower()}_id",
        f"{prefix}ed_entitydescription_id",
    )
    own = attributes(f"{prefix}_", **_ROLE_DESCRIPTION)
    return Class(name=name, path=path, table=table, attributes=own, thing="role description", links=links)


def _relation(name: str, path: str, prefix: str, **rules: Rules) -> Class:
    return Class(
        name=name, path=path, table=f"provenance.{name.lower()}", attributes=attributes(prefix, **rules)
    )


CLASSES = (
    Class(
        name="Agent",
        path="agents",
        table="provenance.agent",
        attributes=attributes(
            "ag_",
            id=ID | NEEDED,
            name=NAME | NEEDED,
            type={"choices": ("Person", "Organization", "SoftwareAgent")},
            comment={},
            email={},
            affiliation={},
            phone={},
            address={},
            url={},
        ),
        thing="agent",
    ),
    Class(
        name="ActivityDescription",
        path="activityDescriptions",
        table="provenance.activitydescription",
        attributes=attributes(
            "ad_",
            id=ID,
            name=NAME | NEEDED,
            version=ROLE,
            description={},
            docurl={},
            type=ROLE,
            subtype=ROLE,
        ),
        thing="activity description",
    ),
    _entity_description("EntityDescription", "entityDescriptions"),
    _entity_description("DatasetDescription", "datasetDescriptions", contentType=ROLE | NEEDED),
    _entity_description("ValueDescription", "valueDescriptions", **_VALUE_TYPE),
    _role_description("UsageDescription", "usageDescriptions", "ud"),
    _role_description("GenerationDescription", "generationDescriptions", "gd"),
    Class(
        name="ParameterDescription",
        path="parameterDescriptions",
        table="provenance.parameterdescription",
        attributes=attributes(
            "pd_",
            id=ID,
            activityDescription=to("activity description", needed=True),
            name=NAME | NEEDED,
            **_VALUE_TYPE,
            min={},
            max={},
            default={},
            options={"kind": "texts"},
            description={},
        ),
        thing="parameter description",
    ),
    Class(
        name="ConfigFileDescription",
        path="configFileDescriptions",
        table="provenance.configfiledescription",
        attributes=attributes(
            "cfd_",
            id=ID,
            activityDescription=to("activity description", needed=True),
            name=NAME | NEEDED,
            contentType=ROLE | NEEDED,
            description={},
        ),
        thing="config file description",
    ),
    _entity("Entity", "entities"),
    _entity("DatasetEntity", "datasetEntities"),
    _entity("ValueEntity", "valueEntities", value={"kind": "value", "needed": True}),
    _entity("Collection", "collections"),
    Class(
        name="Activity",
        path="activities",
        table="provenance.activity",
        attributes=attributes(
            "a_",
            id=ID | NEEDED,
            name=NAME,
            startTime=TIME,
            endTime=TIME,
            comment={},
            activityDescription=to("activity description"),
        ),
        thing="activity",
    ),
    Class(
        name="Run",
        path="runs",
        table="provext.run",
        attributes=attributes(
            "r_",
            activity=to("activity", needed=True),
            status=ROLE,
            exitCode={"kind": "whole"},
            host=NAME,
            duration={"kind": "number"},
        ),
    ),
    _relation(
        "Used",
        "used",
        "u_",
        activity=to("activity", needed=True),
        entity=to("entity"),
        location=_LOCATION,
        role=ROLE,
        time=TIME,
    ),
    _relation(
        "WasGeneratedBy",
        "wasGeneratedBy",
        "wgb_",
        entity=to("entity"),
        location=_LOCATION,
        activity=to("activity", needed=True),
        role=ROLE,
        time=_WRITTEN,
    ),
    _relation(
        "WasDerivedFrom",
        "wasDerivedFrom",
        "wdf_",
        generatedEntity=to("entity", needed=True),
        usedEntity=to("entity", needed=True),
    ),
    _relation(
        "WasInformedBy",
        "wasInformedBy",
        "wib_",
        informed=to("activity", needed=True),
        informant=to("activity", needed=True),
    ),
    _relation(
        "WasAssociatedWith",
        "wasAssociatedWith",
        "waw_",
        activity=to("activity", needed=True),
        agent=to("agent", needed=True),
        role=ROLE,
    ),
    _relation(
        "WasAttributedTo",
        "wasAttributedTo",
        "wat_",
        entity=to("entity", needed=True),
        agent=to("agent", needed=True),
        role=ROLE,
    ),
    _relation(
        "HadMember",
        "hadMember",
        "hm_",
        collection=to("entity", needed=True),
        entity=to("entity", needed=True),
    ),
    Class(
        name="Parameter",
        path="parameters",
        table="provenance.parameter",
        attributes=attributes(
            "p_",
            id=ID,
            activity=to("activity"),
            name=NAME | NEEDED,
            value={"kind": "value", "needed": True},
            valueEntity=to("entity"),
        ),
        thing="parameter",
    ),
    Class(
        name="ConfigFile",
        path="configFiles",
        table="provenance.configfile",
        attributes=attributes(
            "cf_", id=ID, activity=to("activity"), name=NAME | NEEDED, location=NEEDED, comment={}
        ),
        thing="config file",
    ),
    _relation(
        "WasConfiguredBy",
        "wasConfiguredBy",
        "wcb_",
        activity=to("activity", needed=True),
        artefactType={"choices": ("Parameter", "ConfigFile")},
        parameter=to("parameter"),
        configFile=to("config file"),
    ),
    Class(
        name="HadReference",
        path="hadReference",
        table="provenance.parameter",
        attributes=(
            Attribute(name="parameter", column="p_id", **to("parameter", needed=True)),
            Attribute(name="valueEntity", column="p_valueentity_id", **to("entity", needed=True)),
        ),
        about="The value that a parameter refers to.",
    ),
    Class(
        name="Invalidation",
        path="invalidations",
        table="provenance.entity",
        attributes=(
            Attribute(name="entity", column="e_id", **to("entity", needed=True)),
            Attribute(name="time", column="e_invalidatedattime", **TIME, needed=True),
        ),
        about="The end of an entity: it was deleted, or must not be used any more.",
    ),
)
"""What a document may record: things before what refers to them."""
BY_NAME = {each.name: each for each in CLASSES}
