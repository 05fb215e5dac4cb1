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
#   remark (empty, or a sentence).
violation(use, finding) := {"msg": _message(details), "details": details} if {
	details := object.union(finding, {
		"object": review.name,
		"namespace": review.namespace,
		"field": use.field,
		"container": use.container,
		"image": use.image,
		"advice": advice.on(finding),
		"support": parameters.support,
	})
}

# METADATA
# description: The finding for what is no image reference. Nobody is asked about it, whatever the constraint governs.
malformed := {
	"claim": "is no image reference",
	"reason": "malformed",
	"detail": "write [host[:port]/]path[:tag][@digest], in lower case; an image ID names no repository",
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

_message(details) := concat(" ", [_line(sentence) |
	some sentence in [_sentence(details), sprintf("What to do: %s.", [details.advice]), details.remark, _help(details)]
	sentence != ""
])

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

_help(details) := "" if {
	details.support == ""
} else := concat("", ["Help: ", details.support])

# Others had a hand in what is quoted: no line breaks, nothing that reorders text, no end without end.
_line(text) := regex.replace(text, `[\p{C}\p{Z}]+`, " ")

_short(text) := text if {
	count(text) <= 512
} else := concat("", [substring(text, 0, 512), "…"])
