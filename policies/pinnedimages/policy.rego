# METADATA
# title: Pinned images
# description: |
#   Every image that an object brings and that the constraint governs must be named by its digest, or be excepted by
#   somebody, with a reason, for a time. A tag can be moved to another image; a digest cannot.
# custom:
#   kind: PinnedImages
#   version: 1.0.0
package pinnedimages

import data.lib.denial
import data.lib.exceptions
import data.lib.image
import data.lib.parameters
import data.lib.review

# METADATA
# title: An image that is not named by digest
# description: Goes by what the object asks for, and wants a digest of each.
violation contains denial.violation(use, _finding(use)) if {
	some use in review.judged
	not _admitted(use)
}

_admitted(use) if {
	parameters.sound
	parts := image.parts(use.image)
	not parameters.governs(parts)
}

_admitted(use) if {
	parameters.sound
	parts := image.parts(use.image)
	exceptions.current(parts)
}

_admitted(use) if {
	parameters.sound
	parts := image.parts(use.image)
	parts.digest != ""
}

_finding(use) := denial.malformed if {
	not image.parts(use.image)
} else := denial.misconfigured("parameters.images must hold patterns") if {
	not parameters.sound
} else := {
	"claim": "is not named by digest",
	"reason": "unpinned",
	"detail": "its tag can be moved to another image",
	"digest": "",
	"remark": exceptions.remark(image.parts(use.image)),
}
