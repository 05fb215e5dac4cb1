# METADATA
# title: Exceptions
# description: |
#   Images that are admitted without the proof that the policy wants, because somebody vetted them, for a time. An
#   exception that lacks a reason or a date, or whose date has passed, counts for nothing.
package lib.exceptions

import data.lib.pattern
import data.lib.review

# METADATA
# description: Whether an exception for the image counts here and today, for images as lib.image reads them.
current(parts) if {
	some exception in _meant(parts)
	_problem(exception) == ""
}

# METADATA
# description: What there is to say about exceptions for the image that do not count; empty if there are none.
remark(parts) := concat(" ", {sentence |
	some exception in _meant(parts)
	sentence := _problem(exception)
	sentence != ""
})

_meant(parts) := {exception |
	hint := pattern.hint(parts)
	some exception in input.parameters.exceptions
	regex.match(hint, exception.image)
	pattern.means(exception.image, parts)
	_here(exception)
}

_here(exception) if not "namespaces" in object.keys(exception)

_here(exception) if review.namespace in exception.namespaces

default _problem(_) := "Its exception counts for nothing: it wants a reason, and expires: YYYY-MM-DD or never."

_problem(exception) := "" if {
	_reasoned(exception)
	exception.expires == "never"
} else := "" if {
	_reasoned(exception)
	_dated(exception)
	exception.expires >= _today
} else := sprintf("Its exception ended on %s (%s).", [exception.expires, exception.reason]) if {
	_reasoned(exception)
	_dated(exception)
}

_reasoned(exception) if regex.match(`\S`, exception.reason)

_dated(exception) if regex.match(`^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$`, exception.expires)

# Days in this form are in order as text is.
_today := time.format([time.now_ns(), "UTC", "2006-01-02"])
