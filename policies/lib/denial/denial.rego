# METADATA
# title: Denials
# description: |
#   What a developer reads: one line that says which container, which image, why, what to do, and where to ask. The same
#   stands in details, as fields.
package lib.denial

import data.lib.advice
import data.lib.parameters
import data.lib.review

# METADATA
# description: |
#   The violation for one use of an image. The finding has claim, reason, detail, digest (empty where none is known) and
#   remark (empty, or a sentence). It is never undefined, for what is undefined denies nothing.
violation(use, finding) := {"msg": _message(_sentence(details), details), "details": details} if {
	details := _details(use, finding)
} else := {
	"msg": "An image is denied, and the policy cannot say why. What to do: tell the administrators of the constraint.",
	"details": use,
}

# METADATA
# description: The violation for an object that has too many images to be judged.
excessive := {"msg": _message(sentence, details), "details": details} if {
	details := _details({"field": "", "container": "", "image": ""}, {
		"claim": "cannot be judged",
		"reason": "excessive",
		"detail": "it has more than 256 different images, or more than 512 containers and volumes",
		"digest": "",
		"remark": "",
	})
	sentence := sprintf("%v %s: %s: %s.", [details.object, details.claim, details.reason, details.detail])
} else := {"msg": "An object is denied: it has too many images to be judged.", "details": {"reason": "excessive"}}

# METADATA
# description: The finding for what is no image reference. Nobody is asked about it, whatever the constraint governs.
malformed := {
	"claim": "is no image reference",
	"reason": "malformed",
	"detail": "write [host[:port]/]path[:tag][@digest], in lower case, the port without leading zeros; an image ID, or a part of one, names no repository",
	"digest": "",
	"remark": "",
}

# METADATA
# description: The finding for whatever meets a constraint whose parameters do not say what it wants.
misconfigured(detail) := {
	"claim": "cannot be judged",
	"reason": "misconfigured",
	"detail": detail,
	"digest": "",
	"remark": "",
}

_details(use, finding) := object.union_n([_subject, use, finding, {"advice": advice.on(finding)}])

_subject := {"object": review.name, "namespace": review.namespace, "support": parameters.support}

_message(first, details) := _line(concat("", [first, " What to do: ", details.advice, ".", _space(details.remark), _help]))

_sentence(details) := sprintf("%v: %s %q wants image %q%s, which %s: %s: %s.", [
	details.object,
	_places[details.field],
	details.container,
	_short(details.image),
	_at(details),
	details.claim,
	details.reason,
	trim_right(_short(details.detail), ". "),
])

_places := {
	"containers": "container",
	"initContainers": "init container",
	"ephemeralContainers": "ephemeral container",
	"volumes": "image volume",
}

# The digest that was judged, unless the image is named by it.
_at(details) := "" if {
	contains(details.image, details.digest)
} else := concat("", [" at ", details.digest])

_help := _space(concat(" ", [word | some word in ["Help:", parameters.support]; parameters.support != ""]))

_space("") := ""

_space(sentence) := concat("", [" ", sentence]) if sentence != ""

# Others had a hand in what is quoted: no line breaks, nothing that reorders text, no end without end.
_line(text) := regex.replace(text, `[\p{C}\p{Z}]+`, " ")

_short(text) := text if {
	count(text) <= 512
} else := concat("", [substring(text, 0, 512), "…"])
