# METADATA
# title: Pinned images
# description: |
#   Every image that an object brings and that the constraint governs must be named by its digest. Or somebody has
#   to except it, with a reason, for a time. A tag can be moved to another image; a digest cannot.
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
	parameters.sound
	_exempt(image.parts(written))
}

_exempt(parts) if parameters.governs(parts) == false

_exempt(parts) if exceptions.current(parts)

_exempt(parts) if parts.digest != ""

_finding(written) := denial.malformed(written) if {
	not image.parts(written)
} else := denial.misconfigured("parameters.images must hold patterns") if {
	not parameters.sound
} else := object.union(_unpinned, {"remark": remark}) if {
	remark := exceptions.remark(image.parts(written))
} else := _unpinned

_unpinned := {
	"reason": "unpinned",
	"detail": "its tag can be moved to another image",
	"digest": "",
	"remark": "",
}
