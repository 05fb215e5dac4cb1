package lib.denial_test

import data.lib.denial

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

finding := {"reason": "not-found", "detail": "the registry has no skao.int/db:1", "digest": "", "remark": ""}

undecided := {
	"reason": "undecided",
	"cause": "registry",
	"detail": "the registry refuses connections",
	"digest": "",
	"remark": "",
}

use := {"field": "containers", "container": "db", "image": "skao.int/db:1", "position": [0, 1, 0]}

violation(use_, finding_) := numbered(use_, finding_, "")

numbered(use_, finding_, number) := denied if {
	denied := denial.violation(use_, finding_, number) with input as {
		"review": {"kind": {"kind": "Deployment"}, "namespace": "tango", "object": {"metadata": {"name": "web"}}},
		"parameters": {"support": "https://skao.int/help"},
	}
}

changed(changes) := object.union(finding, changes)

test_a_message_says_what_why_what_to_do_and_where_to_ask if {
	violation(use, finding).msg == concat(" ", [
		`Blocked: image skao.int/db:1 of container "db" in Deployment tango/web does not exist in its registry.`,
		"The registry has no skao.int/db:1. You: check name and tag, or push the image. (not-found) Help: https://skao.int/help",
	])
}

test_the_platform_team_is_told_what_only_it_can_do if {
	contains(violation(use, undecided).msg, concat(" ", [
		"could not be checked at skao.int, and may be fine. The registry refuses connections. You: apply it again in a minute.",
		"Platform team: see whether skao.int is well, and whether the provider reaches it. (undecided: registry) Help:",
	]))
	hinted := violation(use, object.union(undecided, {"platformTeam": "see whether it runs"}))
	contains(hinted.msg, "Platform team: see whether it runs. (undecided: registry)")
	hinted.details.platformTeam == "see whether it runs"
	not contains(violation(use, finding).msg, "Platform")
}

test_a_fault_gives_the_id_of_the_request if {
	fault := object.union(undecided, {"cause": "internal", "detail": "the provider has a fault", "request": "K7"})
	contains(violation(use, fault).msg, "Platform team: look for request K7 in the provider's log")
	violation(use, fault).details.request == "K7"
}

test_details_carry_the_same_as_fields if {
	violation(use, finding).details == {
		"object": "Deployment/web",
		"namespace": "tango",
		"number": "",
		"field": "containers",
		"container": "db",
		"image": "skao.int/db:1",
		"digest": "",
		"claim": "does not exist in its registry",
		"reason": "not-found",
		"cause": "",
		"detail": "the registry has no skao.int/db:1",
		"you": "check name and tag, or push the image",
		"platformTeam": "",
		"remark": "",
		"request": "",
		"support": "https://skao.int/help",
	}
}

test_a_message_without_support_offers_none if {
	endswith(denial.violation(use, finding, "").msg, "(not-found)") with input as {"review": {"object": {}}}
}

test_the_digest_that_was_judged_is_named_once if {
	judged := changed({"digest": digest})
	contains(violation(use, judged).msg, sprintf("(not-found, %s)", [digest]))
	pinned := object.union(use, {"image": concat("@", ["skao.int/db", digest])})
	contains(violation(pinned, judged).msg, "(not-found)")
	unsigned := violation(use, changed({"reason": "unsigned", "digest": digest})).msg
	contains(unsigned, sprintf("`notation sign skao.int/db@%s`", [digest]))
	contains(unsigned, "(unsigned)")
}

test_a_remark_is_a_sentence_of_its_own if {
	contains(violation(use, changed({"remark": "Its exception ended."})).msg, "skao.int/db:1. Its exception ended. You: check")
}

test_every_place_has_its_name if {
	names := {field: place |
		some field in ["containers", "initContainers", "ephemeralContainers", "volumes"]
		msg := violation(object.union(use, {"field": field}), finding).msg
		[[_, place]] := regex.find_all_string_submatch_n(` of ([a-z ]+) "db" in Deployment tango/web `, msg, 1)
	}
	names == {
		"containers": "container",
		"initContainers": "init container",
		"ephemeralContainers": "ephemeral container",
		"volumes": "image volume",
	}
}

test_numbers_are_in_the_order_of_the_positions if {
	denial.numbers({[0, 1, 0], [0, 0, 1], [0, 1, 2]}) == {[0, 0, 1]: "1 of 3", [0, 1, 0]: "2 of 3", [0, 1, 2]: "3 of 3"}
	denial.numbers({[0, 1, 0]}) == {}
	denial.numbers(set()) == {}
}

test_numbers_sort_as_text_does if {
	found := denial.numbers({[0, 1, i] | some i in numbers.range(0, 11)})
	found[[0, 1, 1]] == "02 of 12"
	[found[[0, 1, i]] | some i in numbers.range(0, 11)] == sort([text | some _, text in found])
}

test_a_message_begins_with_its_number if {
	startswith(numbered(use, finding, "2 of 3").msg, "Blocked (2 of 3): image skao.int/db:1 of")
	numbered(use, finding, "2 of 3").details.number == "2 of 3"
}

test_what_others_wrote_stays_on_one_line if {
	msg := violation(
		object.union(use, {"container": "d\nb", "image": "x\ny"}),
		changed({"detail": "one\r\ntwo\u2028three\u202efour", "remark": "five\nsix"}),
	).msg
	not regex.match(`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]`, msg)
	contains(msg, "One two three four")
}

test_what_others_wrote_is_cut_short if {
	long := concat("", [digest | some _ in numbers.range(1, 20)])
	violation_ := violation(object.union(use, {"image": long}), changed({"detail": long, "remark": long}))
	count(violation_.msg) < 1200
	violation_.details.image == long
	violation_.details.detail == long
}

test_a_detail_that_ends_in_a_full_stop_has_one if {
	contains(violation(use, changed({"detail": "gone."})).msg, " Gone. You:")
	contains(violation(use, changed({"detail": ""})).msg, " registry. You:")
}

test_malformed_and_misconfigured_are_findings if {
	malformed := violation(object.union(use, {"image": "a:1:2"}), denial.malformed("a:1:2")).msg
	startswith(malformed, `Blocked: image "a:1:2" of container "db" in Deployment tango/web is not an image reference. The part after the colon`)
	denial.malformed("skao.int/Db").detail == "the repository has capitals; write it in lower case"
	denial.malformed(null).reason == "malformed"
	misconfigured := violation(use, denial.misconfigured("no provider")).msg
	contains(misconfigured, "could not be checked, and may be fine. No provider. You: tell the platform team")
}

test_what_cannot_be_told_is_denied_all_the_same if {
	every unsound in [{}, null, "x", changed({"detail": null})] {
		violation_ := violation(use, unsound)
		contains(violation_.msg, "the policy cannot say why")
		violation_.details.image == "skao.int/db:1"
	}
}

test_an_object_with_too_many_images_is_denied_as_a_whole if {
	denied := denial.excessive with input as {
		"review": {"kind": {"kind": "Pod"}, "namespace": "tango", "object": {"metadata": {"name": "web"}}},
		"parameters": {"support": "https://skao.int/help"},
	}
	startswith(denied.msg, "Blocked: Pod tango/web has too many images. It has more than 256 different images")
	endswith(denied.msg, ". You: spread the images over several objects. (excessive) Help: https://skao.int/help")
	denied.details.reason == "excessive"
	denied.details.namespace == "tango"
	denied.details.image == ""
	contains(denial.excessive.msg, "cannot say why") with input as {}
}

undefined(_, _, number) if not is_string(number)

test_an_object_with_too_many_images_is_denied_whatever_becomes_undefined if {
	contains(denial.excessive.msg, "too many images") with data.lib.denial.violation as undefined
}
