# METADATA
# title: Exceptions
# description: |
#   Images that are admitted without the proof that the policy wants, because they were vetted, for a time. An exception
#   that lacks a reason or a date, or whose date has passed, counts for nothing. Those in the constraint and those that are
#   objects of their own follow the same rules.
package lib.exceptions

import data.lib.image
import data.lib.inventory
import data.lib.pattern
import data.lib.review

# METADATA
# description: Whether an exception for the image counts here and today, for images as lib.image reads them.
current(parts) if {
	some found in _meant(parts)
	found.current
}

# METADATA
# description: |
#   What there is to say about exceptions for the image that do not count, and about those that nearly cover it.
#   Empty if there are none. Of many for one pattern, three are enough. Objects that are too many to be read are told
#   too.
remark(parts) := concat(" ", array.slice(sort(((_own(parts) | _nearly(parts)) | inventory.excess)), 0, 3))

_own(parts) := {found.remark |
	some found in _meant(parts)
	found.remark != ""
}

_nearly(parts) := {text |
	some form, text in _tagged[parts.repository]
	form != image.identity(parts)
} | {text |
	some _, text in object.filter(_above, pattern.paths(parts, _depths_above))
}

_meant(parts) := {found |
	some _, found in object.filter(_forms(parts.name), pattern.exact(parts))
} | {found |
	some _, found in object.filter(_forms("*"), pattern.paths(parts, _depths))
}

_depths := pattern.depths(object.keys(_forms("*")))

# Each exception is judged once, and each pattern is read once at most, and only if an image has its name or is denied.
#
# The patterns that end in this name, by their canonical form. Each tells whether one of its exceptions counts, for what
# reason, and what to say of the others.
_forms(name) := {form: found |
	some form, problems in _problems(name)
	found := {
		"current": "" in object.keys(problems),
		"reason": concat("", array.slice(sort(object.keys(object.get(problems, "", {}))), 0, 1)),
		"remark": concat(" ", array.slice(sort(object.keys(problems) - {""}), 0, 3)),
	}
}

_problems(name) := object.union_n([{pattern.canonical(exception.image): {_problem(source, exception): {_told(source, exception): true}}} |
	some source, exception in _named[name]
])

# All of them, by the name that their pattern ends in, and then by their source. That is the place in the constraint, or
# the kind and name of an object.
_named := object.union_n(array.concat(
	[{pattern.name(exception.image): {i: exception}} | some i, exception in input.parameters.exceptions],
	array.concat(
		[{pattern.name(found.spec.image): {["ClusterImageException", name]: found.spec}} | some name, found in inventory.of_cluster],
		[{pattern.name(found.spec.image): {["ImageException", name]: found.spec}} | some name, found in inventory.of_namespace],
	),
))

# The reason, and which object has it: people look for it there.
_told(source, exception) := told if {
	told := concat("; ", [exception.reason, concat(" ", source)])
} else := object.get(exception, "reason", "")

# The exceptions that count for a tag or a digest, by their repository.
_tagged := object.union_n([{repository: {form: text}} |
	some form, reason in _counting
	repository := pattern.repository(form)
	form != repository
	text := sprintf("An exception for %s does not cover this tag or digest (%s).", [form, reason])
])

# The exceptions that count for a repository, by the path of what is below it, which they do not cover.
_above := {below: text |
	some form, reason in _counting
	below := concat("", [form, "/*"])
	text := sprintf("An exception for %s does not cover what is below it; for that, it is written %s (%s).", [form, below, reason])
}

_depths_above := pattern.depths(object.keys(_above))

_counting := {form: found.reason |
	some name, _ in _named
	some form, found in _forms(name)
	found.current
}

# JSON has no sets, so no exception says so.
_here(exception) if object.get(exception, "namespaces", set()) == set()

_here(exception) if review.namespace in exception.namespaces

_problem(source, exception) := "" if {
	_here(exception)
	_reasoned(exception)
	exception.expires == "never"
} else := "" if {
	_here(exception)
	_reasoned(exception)
	_dated(exception)
	exception.expires >= _today
} else := sprintf("Its exception ended on %s (%s).", [exception.expires, _told(source, exception)]) if {
	_reasoned(exception)
	_dated(exception)
	exception.expires < _today
} else := _elsewhere(source, exception) if {
	_reasoned(exception)
	not _here(exception)
} else := sprintf("Its exception counts for nothing: it wants a reason, and expires: YYYY-MM-DD or never%s.", [_object(source)])

_elsewhere(source, exception) := sprintf("Its exception counts in other namespaces: %s (%s).", [names, _told(source, exception)]) if {
	is_array(exception.namespaces)
	count(exception.namespaces) > 0
	names := concat(", ", [sprintf("%v", [name]) | some name in array.slice(exception.namespaces, 0, 3)])
} else := sprintf("Its exception counts nowhere: its namespaces are not a list of names%s.", [_object(source)])

_object(source) := named if {
	named := sprintf(" (%s)", [concat(" ", source)])
} else := ""

_reasoned(exception) if regex.match(`\S`, exception.reason)

_dated(exception) if regex.match(_day, exception.expires)

# A day that exists: in months of 31 days, of 30, in February, and its 29th in leap years.
_day := concat("", [
	`^(?:[0-9]{4}-(?:`,
	`(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|`,
	`(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|`,
	`02-(?:0[1-9]|1[0-9]|2[0-8]))|`,
	`(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)$`,
])

# Days in this form are in order as text is.
_today := time.format([time.now_ns(), "UTC", "2006-01-02"])
