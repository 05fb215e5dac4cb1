# METADATA
# title: The object under review
# description: Finds the images that an object brings, wherever Kubernetes lets one stand, and says which must be judged.
package lib.review

# METADATA
# description: |
#   Every use of an image that must be judged: {field, container, image, position}. All of the object's. Of an update,
#   those whose image the object did not have before, so that what runs can still be changed in other ways. Nothing of a
#   deletion. Positions sort as containers stand in the object, init containers first.
judged contains use if {
	not input.review.operation == "DELETE"
	some use in _uses(input.review.object)
	not use.image in _settled
}

# METADATA
# description: |
#   Whether the object is too large for a decision in time. It is with more than 256 images that must be judged, as
#   many as the provider takes in one request (limits.keys). It is too with more than 512 places where an image could
#   stand.
default excessive := false

excessive if {
	not input.review.operation == "DELETE"
	_places(input.review.object) > 512
} else if count({use.image | some use in judged}) > 256

# METADATA
# description: What the object is called, as in Deployment/web.
name := sprintf("%s/%v", [kind, _name])

# METADATA
# description: The kind of the object, such as Deployment.
kind := sprintf("%v", [object.get(input.review, ["kind", "kind"], "Object")])

# METADATA
# description: The name of the object with its namespace, if it has one, as in tango/web.
path := concat("/", [part | some part in [namespace, sprintf("%v", [_name])]; part != ""])

_name := object.get(input.review, ["object", "metadata", "name"], _prefix)

# METADATA
# description: The namespace the object is in; empty for none.
default namespace := ""

namespace := input.review.namespace

_prefix := object.get(input.review, ["object", "metadata", "generateName"], "")

# An ephemeral container comes in an update of a pod that is otherwise left as it is.
_settled contains use.image if {
	input.review.operation == "UPDATE"
	not input.review.subResource == "ephemeralcontainers"
	_places(input.review.oldObject) <= 512
	some use in _uses(input.review.oldObject)
	use.image != ""
}

_uses(manifest) := {use |
	some s, spec in _specs(manifest)
	some f, field in _fields
	some i, container in spec[field]
	use := {"field": field, "container": _text(container, "name"), "image": _text(container, "image"), "position": [s, f, i]}
} | {use |
	some s, spec in _specs(manifest)
	some i, volume in spec.volumes
	use := {"field": "volumes", "container": _text(volume, "name"), "image": _text(volume.image, "reference"), "position": [s, 3, i]}
}

_places(manifest) := sum([count(spec[field]) |
	some spec in _specs(manifest)
	some field in array.concat(_fields, ["volumes"])
])

_fields := ["initContainers", "containers", "ephemeralContainers"]

_specs(manifest) := [spec | some path in _paths; spec := object.get(manifest, path, null)]

# Where a pod's spec stands: in a Pod; in ReplicaSet, Deployment, StatefulSet, DaemonSet, ReplicationController and Job;
# in a CronJob; in a PodTemplate. The kind is not asked: others that follow the same pattern are read too.
_paths := [
	["spec"],
	["spec", "template", "spec"],
	["spec", "jobTemplate", "spec", "template", "spec"],
	["template", "spec"],
]

# What should be text and is not is no image, and must not be overlooked.
default _text(_, _) := ""

_text(thing, field) := thing[field] if is_string(thing[field])
