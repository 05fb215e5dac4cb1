package lib.verdict_test

import data.lib.verdict

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

other := "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

key := "skao.int/db:1"

pinned := concat("@", ["skao.int/db:1", digest])

good := {"verified": true, "image": concat("@", ["skao.int/db", digest]), "digest": digest}

answer(responses, errors) := {"responses": responses, "errors": errors, "status_code": 200, "system_error": ""}

failure(system_error) := object.union(answer([], []), {"system_error": system_error})

value(changes) := answer([[key, object.union(good, changes)]], [])

reason(response) := verdict.problem(response, key).reason

problem(reason_, detail, digest_) := {"reason": reason_, "detail": detail, "digest": digest_}

undecided(cause, detail, digest_) := object.union(problem("undecided", detail, digest_), {"cause": cause})

test_one_positive_answer_verifies if {
	verdict.verified(answer([[key, good]], []), key)
	verdict.verified(answer([[pinned, good]], []), pinned)
}

test_conditions_behind_the_image_are_no_part_of_it if {
	asked := concat("?", [pinned, "metadata.vetted=SEC-%2A"])
	verdict.verified(answer([[asked, good]], []), asked)
	verdict.value(answer([[asked, object.union(good, {"x": 1})]], []), asked).x == 1
	not verdict.verified(answer([[pinned, good]], []), asked)
	not verdict.verified(answer([[asked, good]], []), pinned)
	refused := answer([], [[asked, sprintf("untrusted: skao.int/db@%s: lacks it", [digest])]])
	verdict.problem(refused, asked) == problem("untrusted", "lacks it", digest)
	slow := failure(sprintf("undecided: %s: deadline: too slow", [asked]))
	verdict.problem(slow, asked) == undecided("deadline", "too slow", digest)
}

test_a_good_answer_that_does_not_admit_lacks_what_was_asked if {
	found := verdict.problem(answer([[key, good]], []), key)
	found.reason == "mismatched"
	found.digest == digest
	contains(found.detail, "does not show what the constraint asks of its signature")
}

test_answers_that_gatekeeper_remembered_verify if {
	verdict.verified(object.union(answer([[key, good]], []), {"status_code": 0}), key)
}

test_an_answer_beside_a_system_error_counts_for_its_image_and_no_other if {
	response := object.union(answer([[key, good]], []), {"system_error": "undecided: skao.int/web:1: deadline: too slow"})
	verdict.verified(response, key)
	not verdict.verified(response, "skao.int/web:1")
}

test_an_answer_beside_a_refusal_counts_for_its_image if {
	verdict.verified(answer([[key, good]], [["skao.int/web:1", "unsigned: no signature"]]), key)
}

test_the_same_answer_twice_is_one if verdict.verified(answer([[key, good], [key, good]], []), key)

test_the_image_may_be_named_otherwise_than_the_answer_names_it if {
	canonical := object.union(good, {"image": concat("@", ["docker.io/library/postgres", digest])})
	every written in ["postgres", "index.docker.io/postgres:16", "DOCKER.IO:443/library/postgres"] {
		verdict.verified(answer([[written, canonical]], []), written)
	}
}

test_verified_is_the_boolean_true_and_nothing_else if {
	every verified in [false, null, "true", "verified", 1, [true], {"verified": true}, {}] {
		not verdict.verified(value({"verified": verified}), key)
		reason(value({"verified": verified})) == "unexpected"
	}
}

test_an_unexpected_answer_is_a_problem if {
	every odd in [null, true, "verified", 1, [], {}, [good], {"verified": null}] {
		not verdict.verified(answer([[key, odd]], []), key)
		reason(answer([[key, odd]], [])) == "unexpected"
	}
}

test_an_answer_for_another_image_is_a_problem if {
	every image in ["skao.int/web", "skao.int/db/x", "skao.int:8443/db", "evil.io/skao.int/db", "db"] {
		response := value({"image": concat("@", [image, digest])})
		not verdict.verified(response, key)
		reason(response) == "mismatched"
	}
}

test_an_answer_that_names_no_image_or_digest_is_a_problem if {
	every change in [
		{"image": null}, {"image": ""}, {"image": "skao.int/db:1"}, {"image": [good.image]},
		{"digest": null}, {"digest": ""}, {"digest": "sha256:00"}, {"digest": other},
		{"image": "skao.int/db:1", "digest": ""},
		{"image": concat("@", ["skao.int/db", other])},
	] {
		not verdict.verified(value(change), key)
		reason(value(change)) == "mismatched"
	}
	every field in ["image", "digest"] {
		not verdict.verified(answer([[key, object.remove(good, [field])]], []), key)
	}
}

test_an_answer_for_another_digest_than_was_asked_is_a_problem if {
	swapped := answer([[pinned, {"verified": true, "image": concat("@", ["skao.int/db", other]), "digest": other}]], [])
	not verdict.verified(swapped, pinned)
	verdict.problem(swapped, pinned) == problem("mismatched", "the provider answered for another image or digest", digest)
}

test_an_answer_to_another_key_is_silence if {
	every written in ["skao.int/db:2", "skao.int/db", "SKAO.int/db:1", ""] {
		response := answer([[written, good]], [])
		not verdict.verified(response, key)
		reason(response) == "unanswered"
	}
}

test_two_different_answers_are_a_problem if {
	every response in [
		answer([[key, good], [key, object.union(good, {"signer": "CN=other"})]], []),
		answer([[key, good], [key, null]], []),
		answer([[key, good]], [[key, "unsigned: no signature"]]),
		answer([], [[key, "unsigned: no signature"], [key, "expired: long ago"]]),
	] {
		not verdict.verified(response, key)
		reason(response) == "contradictory"
	}
}

test_another_status_than_200_is_a_problem_whatever_else_was_said if {
	every status in [201, 204, 400, 403, 429, 500, 503, -1, "200", null, true] {
		response := object.union(answer([[key, good]], []), {"status_code": status})
		not verdict.verified(response, key)
		reason(response) == "unavailable"
	}
	verdict.problem(object.union(failure("x"), {"status_code": 503}), key).detail == "the provider could not be asked, or failed"
	lacking := object.remove(answer([[key, good]], []), ["status_code"])
	not verdict.verified(lacking, key)
	verdict.problem(lacking, key).detail == "the provider could not be asked, or failed"
}

test_a_failed_call_is_a_problem if {
	response := {"responses": null, "errors": null, "status_code": 500, "system_error": "failed to send"}
	not verdict.verified(response, key)
	reason(response) == "unavailable"
}

test_a_call_that_failed_without_a_status_is_a_problem if {
	response := {"responses": null, "errors": null, "status_code": 0, "system_error": "failed to send"}
	not verdict.verified(response, key)
	verdict.problem(response, key) == problem("unavailable", "the provider failed", "")
}

test_silence_is_a_problem if {
	every response in [answer([], []), answer(null, null), {"status_code": 200}, answer("x", 1), answer([key, [key], [], null], [])] {
		not verdict.verified(response, key)
		reason(response) == "unanswered"
	}
}

test_what_is_no_response_verifies_nothing if {
	every response in [null, [], "x", {}] {
		not verdict.verified(response, key)
		reason(response) in {"unexpected", "unanswered", "unavailable"}
	}
}

test_a_refusal_has_reason_digest_and_detail if {
	refused := answer([], [[key, sprintf("unsigned: skao.int/db@%s: no signature: none at all", [digest])]])
	verdict.problem(refused, key) == problem("unsigned", "no signature: none at all", digest)
}

test_a_refusal_without_a_digest_has_the_one_that_was_asked_for if {
	verdict.problem(answer([], [[key, "not-found: no such tag"]]), key) == problem("not-found", "no such tag", "")
	verdict.problem(answer([], [[pinned, "not-found: no such manifest"]]), pinned) == problem("not-found", "no such manifest", digest)
}

test_a_refusal_of_another_image_is_quoted_and_not_believed if {
	text := sprintf("skao.int/web@%s: no signature", [other])
	verdict.problem(answer([], [[key, concat(" ", ["unsigned:", text])]]), key) == problem("unsigned", text, "")
}

test_an_error_of_another_kind_is_quoted if {
	every text in ["no!", "Unsigned: x", "a b: c", ""] {
		verdict.problem(answer([], [[key, text]]), key) == problem("refused", sprintf("the provider says: %s", [text]), "")
	}
}

test_what_is_undecided_is_picked_from_the_system_error if {
	system_error := concat("; ", [
		"undecided: skao.int/db: deadline: not this",
		"undecided: skao.int/db:1: registry: it is down",
		"undecided: skao.int/db:12: overload: nor this",
	])
	verdict.problem(failure(system_error), key) == undecided("registry", "it is down", "")
	verdict.problem(object.union(failure(system_error), {"status_code": 503}), key).detail == "it is down"
	verdict.problem(failure(sprintf("undecided: %s: deadline: too slow", [pinned])), pinned) == undecided("deadline", "too slow", digest)
}

test_what_cannot_be_picked_from_the_system_error_is_undecided_all_the_same if {
	every system_error in [
		"undecided: skao.int/web:1: registry: it is down",
		"undecided: skao.int/db:1: registry: it is down; undecided: skao.int/db:1: deadline: too slow",
	] {
		verdict.problem(failure(system_error), key) == problem("undecided", "the provider could not find out about every image that it was asked about", "")
	}
}

test_what_is_behind_a_semicolon_is_for_the_platform_team if {
	response := failure("undecided: skao.int/db:1: registry: it is down; call them; or wait; undecided: x: y: z")
	said := object.union(undecided("registry", "it is down", ""), {"platformTeam": "call them; or wait"})
	verdict.problem(response, key) == said
}

test_the_id_of_a_request_is_found if {
	said := object.union(undecided("internal", "it has a fault", ""), {"request": "K7"})
	verdict.problem(failure("undecided: skao.int/db:1: internal: it has a fault; request K7"), key) == said
}

test_what_is_undecided_at_no_cause_is_quoted if {
	verdict.problem(failure("undecided: skao.int/db:1: Who knows"), key) == problem("undecided", "Who knows", "")
}

test_a_key_that_is_no_reference_is_a_problem if {
	every unsound in ["NO REFERENCE", "", "sha256:12", null] {
		response := answer([[unsound, good]], [])
		not verdict.verified(response, unsound)
		verdict.problem(response, unsound).reason == "malformed"
	}
}

test_what_is_no_text_is_no_system_error if {
	every system_error in [null, 1, ["undecided: skao.int/db:1: registry: it is down"]] {
		response := object.union(answer([[key, good]], []), {"system_error": system_error})
		verdict.verified(response, key)
		verdict.problem(response, "skao.int/web:1") == problem("unavailable", "the provider failed", "")
	}
}

test_an_error_that_is_no_text_is_quoted if {
	every error in [null, 1, ["x"], {"a": "b"}] {
		is_string(verdict.problem(answer([], [[key, error]]), key).detail)
		reason(answer([], [[key, error]])) == "refused"
	}
}

test_a_digest_of_an_answer_is_whole if {
	every odd in ["sha256:12", concat("", [digest, "0"]), upper(digest), "sha384:12", ""] {
		not verdict.verified(value({"digest": odd, "image": concat("@", ["skao.int/db", odd])}), key)
	}
	long := concat("", ["sha512:", substring(digest, 7, -1), substring(digest, 7, -1)])
	verdict.verified(value({"digest": long, "image": concat("@", ["skao.int/db", long])}), key)
}
