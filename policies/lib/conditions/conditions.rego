# METADATA
# title: Conditions
# description: |
#   What a constraint wants of the signature beside the trust policy: what was signed with the image, and who signed. The
#   question tells it to the provider, which looks for one signature that has it all, and the answer is held to it.
package lib.conditions

import data.lib.image
import data.lib.pattern

# METADATA
# description: Whether the parameters say what is wanted. An entry that cannot be read would want less than was meant.
sound if {
	is_array(_metadata)
	is_array(_signers)
	count(_entries) == count(_metadata) + count(_signers)
}

# METADATA
# description: |
#   The key by which the provider is asked about an image. It is the image as it was written, and the conditions behind
#   a "?", as the query of a URL. Undefined for what is no image.
key(written) := written if {
	image.parts(written)
	_entries == []
} else := concat("?", [part | some part in [written, query]; part != ""]) if {
	query := urlquery.encode_object(_query(image.parts(written)))
}

# METADATA
# description: |
#   Whether the value that the provider gives an image shows all that is wanted of its signature. An entry that is not
#   certain to be about other images is about this one.
met(written, value) if {
	every entry in _entries {
		_holds(entry, written, value)
	}
}

_holds(entry, written, _) if _elsewhere(entry, image.parts(written))

_holds(entry, _, value) if {
	every condition in entry.conditions {
		_shows(value, condition)
	}
}

_elsewhere(entry, parts) if {
	written := [concat("", [parts.repository, "$"]), concat("", [image.identity(parts), "$"])]
	strings.any_prefix_match(written, entry.beginnings) == false
}

_shows(value, {"of": "metadata", "name": name, "wanted": wanted}) if _fits(wanted, value.metadata[name])

_shows(value, {"of": "signer", "name": name, "wanted": wanted}) if {
	is_array(value.signerIdentity[name])
	some found in value.signerIdentity[name]
	_fits(wanted, found)
}

_fits(wanted, found) if wanted == found

_fits(wanted, found) if {
	endswith(wanted, "*")
	startswith(found, trim_suffix(wanted, "*"))
}

_query(parts) := {parameter: values |
	conditions := union({entry.conditions | some entry in _entries; not _elsewhere(entry, parts)})
	some condition in conditions
	parameter := _parameter(condition)
	values := {other.wanted | some other in conditions; _parameter(other) == parameter}
}

_parameter(condition) := concat(".", [condition.of, condition.name])

# The entries that can be read, each with what the images begin with that it may be about, as in lib.parameters.
_entries := array.concat(
	[{"beginnings": _beginnings(entry.images), "conditions": _conditions("metadata", entry.metadata)} | some entry in _metadata],
	[{"beginnings": _beginnings(entry.images), "conditions": _conditions("signer", entry.attributes)} | some entry in _signers],
)

_beginnings(images) := all if {
	is_array(images)
	count(images) > 0
	all := [beginning |
		some written in images
		some beginning in pattern.beginnings(pattern.canonical(written))
	]
	count(all) == 3 * count(images)
}

_conditions(of, values) := all if {
	is_object(values)
	count(values) > 0
	all := {{"of": of, "name": name, "wanted": value} |
		some name, value in values
		_known(of, name)
		is_string(value)
		value != ""
	}
	count(all) == count(values)
}

_known("metadata", name) if name != ""

_known("signer", name) if name in {"CN", "SERIALNUMBER", "C", "L", "ST", "STREET", "O", "OU", "POSTALCODE"}

_metadata := object.get(input.parameters, "requireMetadata", [])

_signers := object.get(input.parameters, "signers", [])
