"""The methods of ProvClient that add records, one for each class of ProvenanceDM.

Made by `make pages` from the dataclasses of provtap/ingest/model: do not edit.
"""

from datetime import datetime
from typing import Any, Literal

from provtap.client.collector import Collector, Place, with_hint


class Verbs(Collector):
    """Records that are collected, by their classes."""

    @with_hint
    def add_agent(
        self,
        id: str,
        name: str,
        *,
        type: Literal["Person", "Organization", "SoftwareAgent"] | None = None,
        comment: str | None = None,
        email: str | None = None,
        affiliation: str | None = None,
        phone: str | None = None,
        address: str | None = None,
        url: str | None = None,
        identifiers: list[str] | None = None,
    ) -> str:
        """Add an Agent: a person, organization or software that is responsible.

        id: Id of the agent, such as urn:x:maria.
        name: Name of the agent.
        type: Kind of agent.
        comment: Remark about the agent.
        email: E-mail address.
        affiliation: Organization that the agent belongs to.
        phone: Phone number.
        address: Postal address.
        url: Web page about the agent.
        identifiers: Persistent identifiers of the agent: ORCID, ROR or ISNI, such as
            https://orcid.org/0000-0002-1825-0097.

        Returns: the id.
        """
        return self._add("Agent", locals())

    @with_hint
    def add_activity_description(
        self,
        name: str,
        version: str | None = None,
        *,
        id: str | None = None,
        description: str | None = None,
        docurl: str | None = None,
        type: str | None = None,
        subtype: str | None = None,
    ) -> str:
        """Add an ActivityDescription: a kind of activity, such as a program in a version.

        name: Name of the program, as recorded for its runs.
        version: Version of the program.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        description: What activities of this kind do.
        docurl: Web page of its documentation.
        type: Kind of activity: free text, or one of Observation, Simulation, Reduction, Calibration,
            Reconstruction, Selection, Analysis.
        subtype: Kind within the type.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("ActivityDescription", locals())

    @with_hint
    def add_entity_description(
        self,
        name: str,
        *,
        id: str | None = None,
        description: str | None = None,
        docurl: str | None = None,
        type: str | None = None,
    ) -> str:
        """Add an EntityDescription: a kind of entity.

        name: Name of the kind of entity.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        description: What entities of this kind are.
        docurl: Web page of its documentation.
        type: Kind of thing, such as data or document.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("EntityDescription", locals())

    @with_hint
    def add_dataset_description(
        self,
        name: str,
        content_type: str,
        *,
        id: str | None = None,
        description: str | None = None,
        docurl: str | None = None,
        type: str | None = None,
    ) -> str:
        """Add a DatasetDescription: a kind of file or data set.

        name: Name of the kind of entity.
        content_type: Media type of a dataset, such as application/fits.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        description: What entities of this kind are.
        docurl: Web page of its documentation.
        type: Kind of thing, such as data or document.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("DatasetDescription", locals())

    @with_hint
    def add_value_description(
        self,
        name: str,
        value_type: str,
        *,
        id: str | None = None,
        description: str | None = None,
        docurl: str | None = None,
        type: str | None = None,
        unit: str | None = None,
        ucd: str | None = None,
        utype: str | None = None,
    ) -> str:
        """Add a ValueDescription: a kind of value.

        name: Name of the kind of entity.
        value_type: Type of a value: VOTable datatype, arraysize and xtype, separated by semicolons, such as
            double or char;*.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        description: What entities of this kind are.
        docurl: Web page of its documentation.
        type: Kind of thing, such as data or document.
        unit: Unit of a value, as VOUnit.
        ucd: UCD of a value.
        utype: Utype of a value.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("ValueDescription", locals())

    @with_hint
    def add_usage_description(
        self,
        activity_description: str,
        role: str,
        *,
        id: str | None = None,
        description: str | None = None,
        type: str | None = None,
        multiplicity: str | None = None,
        entity_description: str | list[str] | None = None,
    ) -> str:
        """Add a UsageDescription: the role of used entities.

        activity_description: Id of the description of the activities that have it.
        role: Role, as recorded.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        description: What entities with this role are for.
        type: Kind of flow: free text, or one of Main, Calibration, Preview, Setup, Quality, Log, Context.
        multiplicity: Number of entities with this role, such as 1, * or 0..1.
        entity_description: Ids of the descriptions of the entities that may have this role.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("UsageDescription", locals())

    @with_hint
    def add_generation_description(
        self,
        activity_description: str,
        role: str,
        *,
        id: str | None = None,
        description: str | None = None,
        type: str | None = None,
        multiplicity: str | None = None,
        entity_description: str | list[str] | None = None,
    ) -> str:
        """Add a GenerationDescription: the role of generated entities.

        activity_description: Id of the description of the activities that have it.
        role: Role, as recorded.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        description: What entities with this role are for.
        type: Kind of flow: free text, or one of Main, Calibration, Preview, Setup, Quality, Log, Context.
        multiplicity: Number of entities with this role, such as 1, * or 0..1.
        entity_description: Ids of the descriptions of the entities that may have this role.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("GenerationDescription", locals())

    @with_hint
    def add_parameter_description(
        self,
        activity_description: str,
        name: str,
        value_type: str,
        *,
        id: str | None = None,
        unit: str | None = None,
        ucd: str | None = None,
        utype: str | None = None,
        min: str | None = None,
        max: str | None = None,
        default: str | None = None,
        options: list[str] | None = None,
        description: str | None = None,
    ) -> str:
        """Add a ParameterDescription: a parameter that activities may have.

        activity_description: Id of the description of the activities that have it.
        name: Name of the parameter, as recorded.
        value_type: Type of its values: VOTable datatype, arraysize and xtype, separated by semicolons, such
            as double or char;*.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        unit: Unit of its values, as VOUnit.
        ucd: UCD of its values.
        utype: Utype of its values.
        min: Least value.
        max: Greatest value.
        default: Default value.
        options: All valid values.
        description: What the parameter does.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("ParameterDescription", locals())

    @with_hint
    def add_config_file_description(
        self,
        activity_description: str,
        name: str,
        content_type: str,
        *,
        id: str | None = None,
        description: str | None = None,
    ) -> str:
        """Add a ConfigFileDescription: a configuration file that activities may have.

        activity_description: Id of the description of the activities that have it.
        name: Name of the configuration file, as recorded.
        content_type: Media type, such as application/yaml.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        description: Contents of the file.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("ConfigFileDescription", locals())

    @with_hint
    def add_entity(
        self,
        id: str,
        *,
        name: str | None = None,
        location: Place | None = None,
        generated_at_time: datetime | str | None = None,
        invalidated_at_time: datetime | str | None = None,
        comment: str | None = None,
        entity_description: str | None = None,
        license: str | None = None,
        rights: str | None = None,
        rights_holder: str | None = None,
        identifiers: list[str] | None = None,
    ) -> str:
        """Add an Entity: a thing that is used or generated.

        id: Id of the entity: the same in every document, and never used for another entity.
        name: Name of the entity, such as the name of a file.
        location: Path or URL of the entity.
        generated_at_time: When the entity was generated.
        invalidated_at_time: When the entity was deleted, or became unusable.
        comment: Remark about the entity.
        entity_description: Id of the description of this kind of entity.
        license: Licence of the entity, as a URI of SPDX or Creative Commons, such as
            https://spdx.org/licenses/CC-BY-4.0.html.
        rights: Licence or copyright of the entity in words.
        rights_holder: Who has the rights.
        identifiers: Persistent identifiers of the entity: DOI, ARK, bibcode or IVOID, such as
            doi:10.5281/zenodo.1.

        Returns: the id.
        """
        return self._add("Entity", locals())

    @with_hint
    def add_dataset_entity(
        self,
        id: str,
        *,
        name: str | None = None,
        location: Place | None = None,
        generated_at_time: datetime | str | None = None,
        invalidated_at_time: datetime | str | None = None,
        comment: str | None = None,
        entity_description: str | None = None,
        license: str | None = None,
        rights: str | None = None,
        rights_holder: str | None = None,
        identifiers: list[str] | None = None,
    ) -> str:
        """Add a DatasetEntity: a file or data set.

        id: Id of the entity: the same in every document, and never used for another entity.
        name: Name of the entity, such as the name of a file.
        location: Path or URL of the entity.
        generated_at_time: When the entity was generated.
        invalidated_at_time: When the entity was deleted, or became unusable.
        comment: Remark about the entity.
        entity_description: Id of the description of this kind of entity.
        license: Licence of the entity, as a URI of SPDX or Creative Commons, such as
            https://spdx.org/licenses/CC-BY-4.0.html.
        rights: Licence or copyright of the entity in words.
        rights_holder: Who has the rights.
        identifiers: Persistent identifiers of the entity: DOI, ARK, bibcode or IVOID, such as
            doi:10.5281/zenodo.1.

        Returns: the id.
        """
        return self._add("DatasetEntity", locals())

    @with_hint
    def add_value_entity(
        self,
        id: str,
        value: Any,
        *,
        name: str | None = None,
        location: Place | None = None,
        generated_at_time: datetime | str | None = None,
        invalidated_at_time: datetime | str | None = None,
        comment: str | None = None,
        entity_description: str | None = None,
        license: str | None = None,
        rights: str | None = None,
        rights_holder: str | None = None,
        identifiers: list[str] | None = None,
    ) -> str:
        """Add a ValueEntity: a single value.

        id: Id of the entity: the same in every document, and never used for another entity.
        value: The value itself.
        name: Name of the entity, such as the name of a file.
        location: Path or URL of the entity.
        generated_at_time: When the entity was generated.
        invalidated_at_time: When the entity was deleted, or became unusable.
        comment: Remark about the entity.
        entity_description: Id of the description of this kind of entity.
        license: Licence of the entity, as a URI of SPDX or Creative Commons, such as
            https://spdx.org/licenses/CC-BY-4.0.html.
        rights: Licence or copyright of the entity in words.
        rights_holder: Who has the rights.
        identifiers: Persistent identifiers of the entity: DOI, ARK, bibcode or IVOID, such as
            doi:10.5281/zenodo.1.

        Returns: the id.
        """
        return self._add("ValueEntity", locals())

    @with_hint
    def add_collection(
        self,
        id: str,
        *,
        name: str | None = None,
        location: Place | None = None,
        generated_at_time: datetime | str | None = None,
        invalidated_at_time: datetime | str | None = None,
        comment: str | None = None,
        entity_description: str | None = None,
        license: str | None = None,
        rights: str | None = None,
        rights_holder: str | None = None,
        identifiers: list[str] | None = None,
    ) -> str:
        """Add a Collection: a set of entities.

        id: Id of the entity: the same in every document, and never used for another entity.
        name: Name of the entity, such as the name of a file.
        location: Path or URL of the entity.
        generated_at_time: When the entity was generated.
        invalidated_at_time: When the entity was deleted, or became unusable.
        comment: Remark about the entity.
        entity_description: Id of the description of this kind of entity.
        license: Licence of the entity, as a URI of SPDX or Creative Commons, such as
            https://spdx.org/licenses/CC-BY-4.0.html.
        rights: Licence or copyright of the entity in words.
        rights_holder: Who has the rights.
        identifiers: Persistent identifiers of the entity: DOI, ARK, bibcode or IVOID, such as
            doi:10.5281/zenodo.1.

        Returns: the id.
        """
        return self._add("Collection", locals())

    @with_hint
    def add_activity(
        self,
        id: str | None = None,
        *,
        name: str | None = None,
        start_time: datetime | str | None = None,
        end_time: datetime | str | None = None,
        comment: str | None = None,
        activity_description: str | None = None,
    ) -> str:
        """Add an Activity: an action over a period of time, such as a run of a program.

        id: Id of the activity, such as urn:uuid: and a UUID.
        name: Name of the activity, usually the program that ran.
        start_time: When the activity started.
        end_time: When the activity ended.
        comment: Remark about the activity.
        activity_description: Id of the description of this kind of activity.

        Returns: the id. Without one, it is a new UUID.
        """
        return self._add("Activity", locals())

    @with_hint
    def add_run(
        self,
        activity: str,
        *,
        status: str | None = None,
        exit_code: int | None = None,
        host: str | None = None,
        duration: float | None = None,
    ) -> None:
        """Add a Run: how an activity ended, and where it ran.

        activity: Id of the activity.
        status: How the activity ended, such as completed or error.
        exit_code: Exit code of the process.
        host: Name of the computer on which the activity ran.
        duration: How long the activity took, in seconds.
        """
        self._add("Run", locals())

    @with_hint
    def add_used(
        self,
        activity: str,
        entity: str | None = None,
        *,
        location: Place | None = None,
        role: str | None = None,
        time: datetime | str | None = None,
        checksums: list[str] | None = None,
        size: int | None = None,
    ) -> None:
        """Add a Used: an activity used an entity.

        activity: Id of the activity that used the entity.
        entity: Id of the entity that was used.
        location: Path or URL of the file that was read, instead of entity: the file that was there at that
            time.
        role: Role of the entity, such as the name of the input.
        time: When the entity was used.
        checksums: Checksums of its content, each with its algorithm, such as sha256:e3b0c44298fc and more
            digits.
        size: Size of its content, in bytes.
        """
        self._add("Used", locals())

    @with_hint
    def add_was_generated_by(
        self,
        entity: str | None = None,
        activity: str | None = None,
        *,
        role: str | None = None,
        location: Place | None = None,
        time: datetime | str | None = None,
        checksums: list[str] | None = None,
        size: int | None = None,
        license: str | None = None,
        rights: str | None = None,
        rights_holder: str | None = None,
        identifiers: list[str] | None = None,
    ) -> None:
        """Add a WasGeneratedBy: the activity that generated an entity, and in which role.

        entity: Id of the entity that was generated.
        activity: Id of the activity that generated it.
        role: Role of the entity, such as the name of the output.
        location: Path or URL of the file that was written, instead of entity. A later activity that reads
            this location used this file.
        time: When the file at location was written; default: when the activity ended. For an entity that is
            given by its id, use its generatedAtTime.
        checksums: Checksums of its content, each with its algorithm, such as sha256:e3b0c44298fc and more
            digits.
        size: Size of its content, in bytes.
        license: Licence of the entity, as a URI of SPDX or Creative Commons, such as
            https://spdx.org/licenses/CC-BY-4.0.html.
        rights: Licence or copyright of the entity in words.
        rights_holder: Who has the rights.
        identifiers: Persistent identifiers of the entity: DOI, ARK, bibcode or IVOID, such as
            doi:10.5281/zenodo.1.
        """
        self._add("WasGeneratedBy", locals())

    @with_hint
    def add_was_derived_from(self, generated_entity: str, used_entity: str) -> None:
        """Add a WasDerivedFrom: an entity was made from another one.

        generated_entity: Id of the entity that was made from another one.
        used_entity: Id of the entity that it was made from.
        """
        self._add("WasDerivedFrom", locals())

    @with_hint
    def add_was_informed_by(self, informed: str, informant: str) -> None:
        """Add a WasInformedBy: an activity was informed by another one.

        informed: Id of the activity that was informed, such as a step.
        informant: Id of the activity that informed it, such as the run that the step belongs to.
        """
        self._add("WasInformedBy", locals())

    @with_hint
    def add_was_associated_with(self, activity: str, agent: str, role: str | None = None) -> None:
        """Add a WasAssociatedWith: the agent responsible for an activity.

        activity: Id of the activity.
        agent: Id of the agent that is responsible for the activity.
        role: Role of the agent, such as Operator.
        """
        self._add("WasAssociatedWith", locals())

    @with_hint
    def add_was_attributed_to(self, entity: str, agent: str, role: str | None = None) -> None:
        """Add a WasAttributedTo: the agent responsible for an entity.

        entity: Id of the entity.
        agent: Id of the agent that is responsible for the entity.
        role: Role of the agent, such as Creator.
        """
        self._add("WasAttributedTo", locals())

    @with_hint
    def add_had_member(self, collection: str, entity: str) -> None:
        """Add a HadMember: an entity belongs to a collection.

        collection: Id of the collection.
        entity: Id of the entity that belongs to it.
        """
        self._add("HadMember", locals())

    @with_hint
    def add_parameter(
        self,
        name: str,
        value: Any,
        activity: str | None = None,
        *,
        id: str | None = None,
        value_entity: str | None = None,
    ) -> str:
        """Add a Parameter: a value that configured an activity.

        name: Name of the parameter.
        value: Value of the parameter.
        activity: Id of its activity. If it is missing, WasConfiguredBy in the same document must name the
            activity.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        value_entity: Id of the ValueEntity that gave the value.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("Parameter", locals())

    @with_hint
    def add_config_file(
        self,
        name: str,
        location: Place,
        activity: str | None = None,
        *,
        id: str | None = None,
        comment: str | None = None,
    ) -> str:
        """Add a ConfigFile: a file that configured an activity.

        name: Name of the configuration file.
        location: Path or URL of the configuration file.
        activity: Id of its activity. If it is missing, WasConfiguredBy in the same document must name the
            activity.
        id: Id. If it is missing, the service makes one. An id that begins with _: is valid in this document
            only.
        comment: Remark about the configuration file.

        Returns: the id. Without one, it is an id for this document only.
        """
        return self._add("ConfigFile", locals())

    @with_hint
    def add_was_configured_by(
        self,
        activity: str,
        *,
        artefact_type: Literal["Parameter", "ConfigFile"] | None = None,
        parameter: str | None = None,
        config_file: str | None = None,
    ) -> None:
        """Add a WasConfiguredBy: a parameter or configuration file of an activity.

        activity: Id of the activity.
        artefact_type: Whether it is a parameter or a configuration file.
        parameter: Id of a parameter of the same document.
        config_file: Id of a configuration file of the same document.
        """
        self._add("WasConfiguredBy", locals())

    @with_hint
    def add_had_reference(self, parameter: str, value_entity: str) -> None:
        """Add a HadReference: the ValueEntity that gave a parameter its value.

        parameter: Id of the parameter.
        value_entity: Id of the ValueEntity that gave the value.
        """
        self._add("HadReference", locals())

    @with_hint
    def invalidate(self, entity: str, time: datetime | str) -> None:
        """Add an Invalidation: an entity was deleted, or became unusable.

        entity: Id of the entity.
        time: When the entity was deleted, or became unusable.
        """
        self._add("Invalidation", locals())
