# METADATA
# title: Advice
# description: What is said of a finding, and what a developer and the platform team can do.
package lib.advice

import data.lib.image
import data.lib.inventory
import data.lib.words

# METADATA
# description: |
#   The words {claim, you, platformTeam} for a finding on an image as it was written. They are those of its reason, or
#   of another provider's refusal if it has none that is known. A finding is {reason, detail, digest}, and of what is
#   undecided {cause, request}.
on(written, finding) := {"claim": claim, "you": you, "platformTeam": platform} if {
	texts := concat("\n", _texts(finding))
	[claim, you, platform] := split(strings.replace_n(_values(written, finding), texts), "\n")
}

_texts(finding) := [[claim, you, platform] |
	some [begins, claim, you, platform] in words.outcomes[name]
	startswith(finding.detail, begins)
][0] if {
	name := trim_suffix(concat("/", [finding.reason, object.get(finding, "cause", "")]), "/")
} else := array.slice(words.outcomes.undecided[0], 1, 4) if {
	finding.reason == "undecided"
} else := array.slice(words.outcomes.refused[0], 1, 4)

# What stands for the placeholders. What a command needs to find an image is its digest, where one is known.
_values(written, finding) := {
	"{image}": written,
	"{subject}": {true: written, false: concat("@", [parts.repository, finding.digest])}[finding.digest == ""],
	"{host}": parts.host,
	"{repository}": parts.repository,
	"{request}": object.get(finding, "request", ""),
	_except: _where_excepted,
} if {
	parts := image.parts(written)
} else := {}

# What the words say of exceptions, and what stands for it under a constraint that reads exceptions from objects.
_except := "except it in the constraint"

_where_excepted := "create a ClusterImageException for it" if {
	inventory.reads("ClusterImageException")
} else := "create an ImageException for it in its namespace" if {
	inventory.reads("ImageException")
} else := _except
