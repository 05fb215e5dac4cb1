package lib.denial_test

import data.lib.denial

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

finding := {
	"claim": "is not verified",
	"reason": "not-found",
	"detail": "the registry has no such manifest",
	"digest": "",
	"remark": "",
}

use := {"field": "containers", "container": "db", "image": "skao.int/db:1"}

violation(use_, finding_) := denied if {
	denied := denial.violation(use_, finding_) with input as {
		"review": {"kind": {"kind": "Deployment"}, "namespace": "tango", "object": {"metadata": {"name": "web"}}},
		"parameters": {"support": "https://skao.int/help"},
	}
}

test_a_message_says_who_what_why_what_to_do_and_where_to_ask if {
	violation(use, finding).msg == concat("", [
		"Deployment/web: container \"db\" wants image \"skao.int/db:1\", which is not verified: not-found: the registry has no such manifest. ",
		"What to do: check name and tag; push the image. Help: https://skao.int/help",
	])
}

test_details_carry_the_same_as_fields if {
	violation(use, finding).details == {
		"object": "Deployment/web",
		"namespace": "tango",
		"field": "containers",
		"container": "db",
		"image": "skao.int/db:1",
		"digest": "",
		"claim": "is not verified",
		"reason": "not-found",
		"detail": "the registry has no such manifest",
		"advice": "check name and tag; push the image",
		"remark": "",
		"support": "https://skao.int/help",
	}
}

test_a_message_without_support_offers_none if {
	not contains(denial.violation(use, finding).msg, "Help") with input as {"review": {"object": {}}}
}

test_the_digest_that_was_judged_is_named_once if {
	judged := object.union(finding, {"digest": digest})
	contains(violation(use, judged).msg, concat("", ["\"skao.int/db:1\" at ", digest, ", which"]))
	pinned := object.union(use, {"image": concat("@", ["skao.int/db", digest])})
	not contains(violation(pinned, judged).msg, " at ")
}

test_a_remark_is_a_sentence_of_its_own if {
	contains(violation(use, object.union(finding, {"remark": "Its exception ended."})).msg, "push the image. Its exception ended. Help:")
}

test_every_place_has_its_name if {
	names := {field: place |
		some field in ["containers", "initContainers", "ephemeralContainers", "volumes"]
		msg := violation(object.union(use, {"field": field}), finding).msg
		[[_, place]] := regex.find_all_string_submatch_n(`^Deployment/web: ([a-z ]+) "db"`, msg, 1)
	}
	names == {
		"containers": "container",
		"initContainers": "init container",
		"ephemeralContainers": "ephemeral container",
		"volumes": "image volume",
	}
}

test_what_others_wrote_stays_on_one_line if {
	msg := violation(
		object.union(use, {"container": "d\nb", "image": "x\ny"}),
		object.union(finding, {"detail": "one\r\ntwo\u2028three\u202efour", "remark": "five\nsix"}),
	).msg
	not regex.match(`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]`, msg)
	contains(msg, "one two three four")
}

test_what_others_wrote_is_cut_short if {
	long := concat("", [digest | some _ in numbers.range(1, 20)])
	violation_ := violation(object.union(use, {"image": long}), object.union(finding, {"detail": long}))
	count(violation_.msg) < 1400
	violation_.details.image == long
}

test_a_detail_that_ends_in_a_full_stop_has_one if {
	contains(violation(use, object.union(finding, {"detail": "gone."})).msg, "not-found: gone. What")
}

test_malformed_and_misconfigured_are_findings if {
	contains(violation(use, denial.malformed).msg, "is no image reference: malformed: write [host[:port]/]")
	contains(violation(use, denial.misconfigured("no provider")).msg, "cannot be judged: misconfigured: no provider. What to do: tell")
}

test_what_cannot_be_told_is_denied_all_the_same if {
	every unsound in [{}, null, "x", object.union(finding, {"detail": null})] {
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
	startswith(denied.msg, "Pod/web cannot be judged: excessive: it has more than 256 different images")
	endswith(denied.msg, ". What to do: spread the images over several objects. Help: https://skao.int/help")
	denied.details.reason == "excessive"
	denied.details.namespace == "tango"
	denied.details.image == ""
	contains(denial.excessive.msg, "too many images") with input as {}
}
