# METADATA
# title: Verdicts
# description: |
#   Reads what external_data answered about an image. One positive answer verifies it, and nothing else does.
package lib.verdict

import data.lib.image

# METADATA
# description: |
#   Whether the answer verifies the image that was asked about by this key: an image, alone or with "?" and conditions.
#   Silence, null, two answers, another image, another digest and a failed call all leave it undefined.
verified(response, key) if value(response, key)

# METADATA
# description: The value of an answer that verifies the image, undefined like verified.
value(response, key) := answer.value if {
	read := _read(response)
	read.call.reached
	[answer] := [thing | some thing, _ in read.said[key]]
	answer.value.verified == true
	_same(_image(key), answer.value)
}

_image(key) := image.parts(split(key, "?")[0])

# METADATA
# description: |
#   Why an image is not verified, as {reason, detail, digest}; the digest is empty where none was judged. What is undecided
#   may have a cause, the ID of the request, and platformTeam, what the platform team can do. Defined for every key, for what
#   is undefined denies nothing.
default problem(_, _) := {"reason": "unexpected", "detail": "the policy cannot read what the provider answered", "digest": ""}

problem(response, key) := object.union({"digest": asked.digest}, found) if {
	asked := _image(key)
	read := _read(response)
	said := [thing | some thing, _ in read.said[key]]
	undecided := [detail | some detail, _ in read.undecided[key]]
	found := _found(asked, said, undecided, read.call)
} else := {"reason": "malformed", "detail": "it is not an image reference", "digest": ""} if {
	not _image(key)
}

# A response is read once, and not once for each image: a pod may have hundreds.
_read(response) := {
	"said": object.union_n(array.concat(
		[{key: {{"value": value}: true}} | some [key, value] in response.responses],
		[{key: {{"error": text}: true}} | some [key, text] in response.errors],
	)),
	"undecided": object.union_n([{key: {detail: true}} |
		some part in split(trim_prefix(_text(system_error), "undecided: "), "; undecided: ")
		key := split(part, ": ")[0]
		detail := trim_prefix(part, concat("", [key, ": "]))
	]),
	"call": {
		"reached": status in {0, 200},
		"status": status,
		"failed": system_error != "",
		"undecided": startswith(_text(system_error), "undecided: "),
	},
} if {
	status := object.get(response, "status_code", "unknown")
	system_error := object.get(response, "system_error", "")
}

default _text(_) := ""

_text(value) := value if is_string(value)

# What was judged must be what was asked about.
_same(asked, value) if {
	value.image == concat("@", [asked.repository, value.digest])
	regex.match(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`, value.digest)
	asked.digest in {"", value.digest}
}

_found(asked, said, undecided, call) := {"reason": reason, "detail": detail, "digest": digest} if {
	[answer] := said
	[[_, reason, rest]] := regex.find_all_string_submatch_n(`^([a-z]+(?:-[a-z]+)*): (.*)$`, answer.error, 1)
	[digest, detail] := _judged(asked, rest)
} else := {"reason": "refused", "detail": sprintf("the provider says: %v", [answer.error])} if {
	[answer] := said
} else := {"reason": "contradictory", "detail": "the provider gave more than one answer for it"} if {
	count(said) > 1
} else := object.union({"reason": "undecided"}, _cause(text)) if {
	[text] := undecided
} else := {"reason": "unavailable", "detail": "the provider could not be asked, or failed"} if {
	not call.reached
} else := {
	"reason": "mismatched",
	"detail": "the provider verified it, and does not show what the constraint asks of its signature",
	"digest": answer.value.digest,
} if {
	[answer] := said
	answer.value.verified == true
	_same(asked, answer.value)
} else := {"reason": "mismatched", "detail": "the provider answered for another image or digest"} if {
	[answer] := said
	answer.value.verified == true
} else := {"reason": "unexpected", "detail": "the provider's answer does not say that it is verified"} if {
	[_] := said
} else := {"reason": "undecided", "detail": "the provider could not find out about every image that it was asked about"} if {
	call.undecided
} else := {"reason": "unavailable", "detail": "the provider failed"} if {
	call.failed
} else := {"reason": "unanswered", "detail": "the provider said nothing about it"}

# The provider puts the cause before the detail of what is undecided. What is behind the first semicolon is the ID of the
# request, or what the platform team can do.
_cause(text) := object.union({"cause": cause, "detail": parts[0]}, _behind(array.slice(parts, 1, count(parts)))) if {
	[[_, cause, rest]] := regex.find_all_string_submatch_n(`^([a-z]+): (.*)$`, text, 1)
	parts := split(rest, "; ")
} else := {"detail": text}

_behind([]) := {}

_behind(parts) := {"request": trim_prefix(parts[0], "request ")} if {
	startswith(parts[0], "request ")
} else := {"platformTeam": concat("; ", parts)} if {
	count(parts) > 0
}

# The provider puts repository@digest before the detail, once it knows the digest.
_judged(asked, text) := [digest, detail] if {
	[[_, repository, digest, detail]] := regex.find_all_string_submatch_n(`^([^\s@]+)@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}): (.*)$`, text, 1)
	repository == asked.repository
} else := [asked.digest, text]
