# METADATA
# title: Signed images
# description: |
#   Every image that an object brings and that the constraint governs must be verified by an external data provider. Or
#   somebody has to except it, with a reason, for a time.
# custom:
#   kind: SignedImages
#   version: 1.0.0
package signedimages

import data.lib.conditions
import data.lib.denial
import data.lib.exceptions
import data.lib.image
import data.lib.parameters
import data.lib.review
import data.lib.verdict

# METADATA
# title: An image that is not proven good
# description: |
#   Goes by what the object asks for and wants a positive answer for each. Any other answer, and none, is a denial.
violation contains denial.violation(use, _finding(use.image), _number(use)) if {
	not review.excessive
	some use in review.judged
	not _admitted(use.image)
}

violation contains denial.excessive if review.excessive

default _number(_) := ""

_number(use) := _numbers[use.position]

_numbers := denial.numbers({use.position | some use in review.judged; not _admitted(use.image)})

_admitted(written) if {
	_sound
	_exempt(written)
}

_admitted(written) if conditions.met(written, verdict.value(_response, conditions.key(written)))

_exempt(written) if parameters.governs(image.parts(written)) == false

_exempt(written) if exceptions.current(image.parts(written))

_sound if {
	parameters.sound
	conditions.sound
	_provider != ""
}

default _provider := ""

_provider := input.parameters.provider if is_string(input.parameters.provider)

# The one call. Its keys begin as written, so that what Gatekeeper remembers and what the provider logs is what people know.
_response := external_data({"provider": _provider, "keys": sort(_asked)}) if {
	_sound
	count(_asked) > 0
}

_asked contains conditions.key(use.image) if {
	some use in review.judged
	not _exempt(use.image)
}

_finding(written) := denial.malformed(written) if {
	not image.parts(written)
} else := denial.misconfigured("each entry of parameters.requireMetadata and parameters.signers needs patterns as images, and strings to ask for") if {
	not conditions.sound
} else := denial.misconfigured("parameters.provider must name a provider, and parameters.images hold patterns") if {
	not _sound
} else := object.union(problem, {"remark": exceptions.remark(image.parts(written))}) if {
	problem := verdict.problem(_response, conditions.key(written))
} else := {
	"reason": "unavailable",
	"detail": "the provider could not be asked",
	"digest": "",
	"remark": "",
}
