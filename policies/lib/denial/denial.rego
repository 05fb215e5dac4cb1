# METADATA
# title: Denials
# description: |
#   What a developer reads, on one line. It says which image of which container is blocked and what is known of it. It
#   says what the developer and the platform team can do, and where to ask. The same stands in details, as fields.
package lib.denial

import data.lib.advice
import data.lib.image
import data.lib.parameters
import data.lib.review

# METADATA
# description: |
#   The violation for one use of an image. The finding has reason, detail, digest and remark, empty where there is
#   nothing to say. For what is undecided it has cause and request. It has platformTeam in place of the usual words, if
#   there is more to say. The number is its entry of numbers, or empty. It is never undefined, for what is undefined
#   denies nothing.
violation(use, finding, number) := {"msg": _message(details), "details": details} if {
	details := object.union_n([_subject, {"number": number}, object.remove(use, ["position"]), advice.on(use.image, finding), finding])
} else := {
	"msg": "Blocked: an image cannot be judged, and the policy cannot say why. You: tell the platform team.",
	"details": use,
}

# METADATA
# description: |
#   The numbers of denied images by their positions in the object, as in "2 of 3"; none where there is only one. Gatekeeper
#   sorts violations by their messages, and these begin with the number: so they come in the order of the object.
numbers(positions) := {position: sprintf(form, [i + 1, total]) |
	total := count(positions)
	total > 1
	form := sprintf("%%0%dd of %%d", [count(sprintf("%d", [total]))])
	some i, position in sort(positions)
}

# METADATA
# description: The violation for an object that has too many images to be judged.
excessive := denied if {
	denied := violation(
		{"field": "", "container": "", "image": ""},
		{
			"reason": "excessive",
			"detail": "it has more than 256 different images, or more than 512 containers and volumes",
			"digest": "",
			"remark": "",
		},
		"",
	)
} else := {"msg": "Blocked: an object has too many images to be judged.", "details": {"reason": "excessive"}}

# METADATA
# description: The finding for a name that is no image reference. No provider is asked about it, and no constraint lets it pass.
malformed(written) := {"reason": "malformed", "detail": problem, "digest": "", "remark": ""} if {
	problem := image.problem(written)
} else := {"reason": "malformed", "detail": "", "digest": "", "remark": ""}

# METADATA
# description: The finding for an object under a constraint whose parameters do not say what it wants.
misconfigured(detail) := {"reason": "misconfigured", "detail": detail, "digest": "", "remark": ""}

_subject := {"object": review.name, "namespace": review.namespace, "support": parameters.support, "cause": "", "request": ""}

# Others had a hand in what is quoted: no line breaks, nothing that reorders text, no end without end.
_message(details) := regex.replace(
	concat("", [
		"Blocked",
		_number(details.number),
		": ",
		_what(details),
		" ",
		details.claim,
		".",
		_sentence(details.detail),
		_sentence(details.remark),
		" You: ",
		details.you,
		".",
		_platform(details.platformTeam),
		" (",
		details.reason,
		_cause(details.cause),
		_digest(details),
		")",
		_help,
	]),
	`[\p{C}\p{Z}]+`, " ",
)

_number("") := ""

_number(number) := sprintf(" (%s)", [number]) if number != ""

_what(details) := sprintf("image %s of %s %q in %s", [_image(details), place, details.container, _where]) if {
	place := _places[details.field]
} else := _where

_where := sprintf("%s %s", [review.kind, review.path])

# A name that is none may hold spaces.
_image(details) := sprintf("%q", [_short(details.image, 200)]) if {
	details.reason == "malformed"
} else := _short(details.image, 200)

_places := {
	"containers": "container",
	"initContainers": "init container",
	"ephemeralContainers": "ephemeral container",
	"volumes": "image volume",
}

_sentence("") := ""

_sentence(text) := concat("", [" ", upper(substring(text, 0, 1)), trim_right(_short(substring(text, 1, -1), 360), ". "), "."]) if text != ""

_platform("") := ""

_platform(text) := sprintf(" Platform team: %s.", [_short(text, 360)]) if text != ""

_cause("") := ""

_cause(cause) := concat("", [": ", cause]) if cause != ""

# The digest that was judged, unless the message has it already.
_digest(details) := "" if {
	contains(details.image, details.digest)
} else := "" if {
	contains(details.you, details.digest)
} else := concat("", [", ", details.digest])

_help := sprintf(" Help: %s", [parameters.support]) if {
	parameters.support != ""
} else := ""

_short(text, most) := text if {
	count(text) <= most
} else := concat("", [substring(text, 0, most), "…"])
