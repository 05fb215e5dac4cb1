# METADATA
# title: Verdicts
# description: |
#   Reads what external_data answered about an image. One positive answer verifies it, and nothing else does.
package lib.verdict

import data.lib.image

# METADATA
# description: |
#   Whether the answer verifies the image that was asked about by this key. Silence, null, two answers, another image,
#   another digest and a failed call all leave it undefined.
verified(response, key) if {
	_reached(response)
	[answer] := _answers(response, key)
	answer.value.verified == true
	_same(image.parts(key), answer.value)
}

# METADATA
# description: Why an image is not verified, as {reason, detail, digest}; the digest is empty where none was judged.
problem(response, key) := {"reason": reason, "detail": detail, "digest": digest} if {
	[answer] := _answers(response, key)
	[[_, reason, rest]] := regex.find_all_string_submatch_n(`^([a-z]+(?:-[a-z]+)*): (.*)$`, answer.error, 1)
	[digest, detail] := _judged(image.parts(key), rest)
} else := object.union({"digest": image.parts(key).digest}, _unproven(response, key))

# A status of 0 is Gatekeeper's way to say that it remembered every answer.
_reached(response) if response.status_code in {0, 200}

# Whatever was said of the key, each thing once: {value} or {error}.
_answers(response, key) := [answer | some answer in (_values(response, key) | _errors(response, key))]

_values(response, key) := {{"value": value} |
	some [answered, value] in response.responses
	answered == key
}

_errors(response, key) := {{"error": text} |
	some [answered, text] in response.errors
	answered == key
}

# What was judged must be what was asked about.
_same(asked, value) if {
	judged := image.parts(value.image)
	judged.repository == asked.repository
	judged.digest == value.digest
	judged.digest != ""
	asked.digest in {"", judged.digest}
}

# The provider puts repository@digest before the detail, once it knows the digest.
_judged(asked, text) := [judged.digest, detail] if {
	[[_, reference, detail]] := regex.find_all_string_submatch_n(`^(\S+@\S+): (.*)$`, text, 1)
	judged := image.parts(reference)
	judged.repository == asked.repository
} else := [asked.digest, text]

_unproven(response, key) := {"reason": "refused", "detail": answer.error} if {
	[answer] := _answers(response, key)
} else := {"reason": "contradictory", "detail": "the provider gave more than one answer for it"} if {
	count(_answers(response, key)) > 1
} else := {"reason": "undecided", "detail": detail} if {
	[detail] := _undecided(response.system_error, key)
} else := {"reason": "unavailable", "detail": sprintf("asking the provider failed, with status %v", [status])} if {
	not _reached(response)
	status := object.get(response, "status_code", "unknown")
} else := {"reason": "mismatched", "detail": "the provider answered for another image or digest"} if {
	[answer] := _answers(response, key)
	answer.value.verified == true
} else := {"reason": "unexpected", "detail": "the provider gave an answer that does not say whether it is verified"} if {
	[_] := _answers(response, key)
} else := {"reason": "undecided", "detail": "the provider could not settle every image it was asked about"} if {
	startswith(response.system_error, "undecided: ")
} else := {"reason": "unavailable", "detail": "the provider failed"} if {
	response.system_error != ""
} else := {"reason": "unanswered", "detail": "the provider said nothing about it"}

# The provider names what it could not settle in its system error, as "undecided: key: stage: detail; undecided: …".
_undecided(system_error, key) := [detail |
	some part in {part | some part in split(trim_prefix(system_error, "undecided: "), "; undecided: ")}
	startswith(part, concat("", [key, ": "]))
	detail := trim_prefix(part, concat("", [key, ": "]))
]
