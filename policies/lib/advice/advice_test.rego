package lib.advice_test

import data.lib.advice

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

finding(changes) := object.union({"reason": "unsigned", "cause": "", "detail": "none", "digest": "", "request": ""}, changes)

on(changes) := advice.on("skao.int/db:1", finding(changes))

test_a_reason_has_its_advice if {
	on({"reason": "not-found", "detail": "registry: nothing"}) == {
		"claim": "does not exist in its registry",
		"you": "check name and tag, or push the image",
		"platformTeam": "",
	}
}

test_origins_of_a_reason_have_remedies_of_their_own if {
	contains(on({"reason": "expired", "detail": "the signature was valid until 2027-01-01"}).you, "--expiry")
	contains(on({"reason": "expired", "detail": "it has no timestamp, and its certificate expired at x"}).you, "--timestamp-url")
	on({"reason": "expired", "detail": "in other words"}).claim == "is signed with a certificate that was not valid"
}

test_what_is_undecided_has_its_causes_advice if {
	contains(on({"reason": "undecided", "cause": "credentials", "detail": "x"}).platformTeam, "give the provider credentials for skao.int")
	startswith(on({"reason": "undecided", "cause": "", "detail": "x"}).you, "apply it again")
	on({"reason": "undecided", "cause": "new", "detail": "x"}) == on({"reason": "undecided", "cause": "", "detail": "x"})
}

test_an_unknown_reason_has_advice_too if {
	on({"reason": "overdue"}).claim == "was refused"
	on({"reason": "overdue"}) == on({"reason": "refused"})
}

test_commands_name_the_digest_where_it_is_known if {
	contains(on({}).you, "`notation sign skao.int/db:1`")
	contains(on({"digest": digest}).you, sprintf("`notation sign skao.int/db@%s`", [digest]))
}

test_placeholders_are_filled if {
	contains(on({"reason": "undecided", "cause": "internal", "request": "K7"}).platformTeam, "request K7 in")
	every changes in [{}, {"reason": "unpinned"}, {"reason": "undecided", "cause": "registry"}] {
		not contains(json.marshal(on(changes)), "{image}")
		not contains(json.marshal(on(changes)), "{host}")
		not contains(json.marshal(on(changes)), "{subject}")
	}
}

test_what_is_no_image_has_advice_too if {
	startswith(advice.on("NO REFERENCE", finding({"reason": "malformed"})).you, "correct the name")
}

test_the_platform_team_is_told_where_exceptions_are_kept if {
	every kinds, words in {
		["ClusterImageException"]: ", or create a ClusterImageException for it",
		["ImageException"]: ", or create an ImageException for it in its namespace",
		["ClusterImageException", "ImageException"]: ", or create a ClusterImageException for it",
		[]: ", or except it in the constraint",
	} {
		advised := on({"reason": "out-of-scope"}) with input.parameters.exceptionsFrom as kinds
		endswith(advised.platformTeam, words)
	}
}
