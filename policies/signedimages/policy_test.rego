package signedimages_test

import data.signedimages

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

noon := time.parse_rfc3339_ns("2027-03-01T12:00:00Z")

parameters := {
	"provider": "notation-provider",
	"images": ["skao.int/*"],
	"exceptions": [{"image": "skao.int/vetted", "reason": "SEC-142", "expires": "2027-03-01"}],
}

pod(images) := {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": image} | some image in images]}}

request(images) := {"kind": {"kind": "Pod"}, "namespace": "tango", "operation": "CREATE", "object": pod(images)}

# What a provider answers that verifies everything it is asked about.
generous(asked) := {
	"responses": [[key, value] |
		some key in asked.keys
		value := {"verified": true, "image": sprintf("%s@%s", [regex.replace(key, `[:@][^/]*$`, ""), digest]), "digest": digest}
	],
	"errors": [],
	"status_code": 200,
	"system_error": "",
}

stern(asked) := {"responses": [], "errors": [[key, "unsigned: no signature"] | some key in asked.keys], "status_code": 200, "system_error": ""}

silent(_) := {"responses": [], "errors": [], "status_code": 200, "system_error": ""}

# Answers only the question that the tests mean to be asked.
strict(asked) := generous(asked) if {
	asked == {"provider": "notation-provider", "keys": ["skao.int/a:1", "skao.int/b:1"]}
}

# Answers another question.
chatty(_) := generous({"keys": ["skao.int/b:1"]})

# What Rego makes of a call that fails: nothing at all.
absent(asked) if not asked

messages := {violation.msg | some violation in signedimages.violation}

test_verified_images_are_admitted if {
	count(signedimages.violation) == 0 with input as {"review": request(["skao.int/a:1", "skao.int/b:1"]), "parameters": parameters}
		with external_data as generous
}

test_each_image_that_is_not_verified_is_denied_by_itself if {
	{violation.details.image | some violation in signedimages.violation} == {"skao.int/a:1", "skao.int/b:1"} with input as {
		"review": request(["skao.int/a:1", "skao.int/b:1"]),
		"parameters": parameters,
	}
		with external_data as stern
}

test_silence_is_a_denial if {
	count(signedimages.violation) == 1 with input as {"review": request(["skao.int/a:1"]), "parameters": parameters}
		with external_data as silent
}

test_a_call_without_result_is_a_denial if {
	some message in messages with input as {"review": request(["skao.int/a:1"]), "parameters": parameters}
		with external_data as absent
	contains(message, "could not be checked, and may be fine. The provider could not be asked. You:")
}

test_the_provider_is_asked_once_for_what_is_governed_and_not_excepted if {
	asked := request(["skao.int/b:1", "skao.int/a:1", "skao.int/a:1", "skao.int/vetted:1", "postgres", "NO REFERENCE"])
	{violation.details.image | some violation in signedimages.violation} == {"NO REFERENCE"} with input as {
		"review": asked,
		"parameters": parameters,
	}
		with external_data as strict
		with time.now_ns as noon
}

test_no_provider_is_asked_when_there_is_nothing_to_ask if {
	not signedimages._response with input as {"review": request(["postgres", "skao.int/vetted"]), "parameters": parameters}
		with external_data as generous
		with time.now_ns as noon
	count(signedimages.violation) == 0 with input as {"review": request(["postgres", "skao.int/vetted"]), "parameters": parameters}
		with external_data as absent
		with time.now_ns as noon
}

test_an_image_that_is_not_governed_is_admitted if {
	count(signedimages.violation) == 0 with input as {"review": request(["postgres"]), "parameters": parameters}
		with external_data as stern
}

test_every_image_is_governed_where_the_constraint_does_not_say if {
	count(signedimages.violation) == 1 with input as {"review": request(["postgres"]), "parameters": {"provider": "notation-provider"}}
		with external_data as stern
}

test_an_excepted_image_is_admitted if {
	count(signedimages.violation) == 0 with input as {"review": request(["skao.int/vetted:2"]), "parameters": parameters}
		with external_data as stern
		with time.now_ns as noon
}

test_a_denial_tells_of_an_exception_that_ended if {
	some message in messages with input as {"review": request(["skao.int/vetted:2"]), "parameters": parameters}
		with external_data as stern
		with time.now_ns as noon + ((24 * 3600) * 1000000000)
	contains(message, "Its exception ended on 2027-03-01 (SEC-142).")
}

test_what_is_no_reference_is_denied_whatever_is_governed if {
	every image in ["", "NO REFERENCE", "skao.int/a:1:2", digest] {
		some message in messages with input as {"review": request([image]), "parameters": parameters}
			with external_data as generous
		contains(message, "is not an image reference.")
	}
}

test_a_constraint_without_a_provider_denies_everything if {
	every provider in ["", null, 1, [], {}, true] {
		every image in ["skao.int/a:1", "skao.int/vetted", "postgres"] {
			some message in messages with input as {
				"review": request([image]),
				"parameters": object.union(parameters, {"provider": provider}),
			}
				with external_data as generous
				with time.now_ns as noon
			contains(message, "Parameters.provider must name")
		}
	}
}

test_a_constraint_that_does_not_say_what_it_governs_denies_everything if {
	every images in [[], null, ["skao.int"], ["skao.int/*", ""]] {
		every image in ["skao.int/a:1", "skao.int/vetted", "postgres"] {
			some message in messages with input as {
				"review": request([image]),
				"parameters": object.union(parameters, {"images": images}),
			}
				with external_data as generous
				with time.now_ns as noon
			contains(message, "misconfigured")
		}
	}
}

test_a_constraint_without_parameters_denies_everything if {
	count(signedimages.violation) == 1 with input as {"review": request(["postgres"])} with external_data as generous
	count(signedimages.violation) == 1 with input as {"review": request(["postgres"]), "parameters": {}} with external_data as generous
}

test_an_object_without_images_is_admitted if {
	count(signedimages.violation) == 0 with input as {"review": request([]), "parameters": {}} with external_data as stern
}

test_an_update_is_denied_for_what_it_changes_only if {
	update := object.union(request(["skao.int/a:1", "skao.int/b:1"]), {"operation": "UPDATE", "oldObject": pod(["skao.int/a:1"])})
	{violation.details.image | some violation in signedimages.violation} == {"skao.int/b:1"} with input as {
		"review": update,
		"parameters": parameters,
	}
		with external_data as stern
}

test_an_answer_to_what_was_not_asked_admits_nothing if {
	count(signedimages.violation) == 1 with input as {"review": request(["skao.int/a:1"]), "parameters": parameters}
		with external_data as chatty
}

test_an_object_with_too_many_images_is_denied_without_a_question if {
	crowd := request([sprintf("skao.int/%d:1", [i]) | some i in numbers.range(1, 257)])
	{violation.details.reason | some violation in signedimages.violation} == {"excessive"} with input as {"review": crowd, "parameters": parameters}
		with external_data as absent
}

test_as_many_images_as_the_provider_takes_are_judged if {
	crowd := request([sprintf("skao.int/%d:1", [i]) | some i in numbers.range(1, 256)])
	count(signedimages.violation) == 0 with input as {"review": crowd, "parameters": parameters} with external_data as generous
}

test_what_a_runtime_takes_for_an_image_id_is_denied_whatever_is_governed_or_excepted if {
	every image in ["sha256:0", "sha256:0123456789ab", "sha512:12", "skao.int:0443/a:1"] {
		every patterns in [["skao.int/*"], ["*"], ["docker.io/*"]] {
			some message in messages with input as {"review": request([image]), "parameters": {
				"provider": "notation-provider",
				"images": patterns,
				"exceptions": [{"image": "*", "reason": "SEC-1", "expires": "never"}],
			}}
				with external_data as generous
			contains(message, "is not an image reference.")
		}
	}
}

test_denials_come_in_the_order_of_the_object if {
	images := [sprintf("skao.int/%d:1", [i]) | some i in numbers.range(1, 12)]
	denied := {violation.msg | some violation in signedimages.violation} with input as {
		"review": request(array.concat(images, ["postgres"])),
		"parameters": parameters,
	}
		with external_data as stern
	count(denied) == 12
	every i, message in sort(denied) {
		startswith(message, sprintf("Blocked (%02d of 12): image skao.int/%d:1 of container", [i + 1, i + 1]))
	}
}

test_one_denial_has_no_number if {
	some message in messages with input as {"review": request(["skao.int/a:1", "postgres"]), "parameters": parameters}
		with external_data as stern
	startswith(message, "Blocked: image skao.int/a:1 of")
}

wanting := object.union(parameters, {
	"requireMetadata": [{"images": ["skao.int/mirror/*"], "metadata": {"vetted": "SEC-*"}}],
	"signers": [{"images": ["skao.int/*"], "attributes": {"O": "SKAO"}}],
})

# Verifies as generous does, and shows the same of every signature.
telling(asked, metadata, organization) := object.union(generous(asked), {"responses": [[key, shown] |
	some [key, value] in generous(asked).responses
	shown := object.union(value, {"metadata": metadata, "signerIdentity": {"O": [organization]}})
]})

# Answers only the question with all conditions.
told(asked) := telling(asked, {"vetted": "SEC-142"}, "SKAO") if {
	asked.keys == ["skao.int/a:1?signer.O=SKAO", "skao.int/mirror/db:1?metadata.vetted=SEC-%2A&signer.O=SKAO"]
}

unvetted(asked) := telling(asked, {"vetted": "OPS-1"}, "SKAO")

foreign(asked) := telling(asked, {"vetted": "SEC-142"}, "Other")

lacking(asked) := {
	"responses": [],
	"errors": [[key, sprintf("untrusted: skao.int/mirror/db@%s: its signature lacks the metadata vetted=SEC-*", [digest])] | some key in asked.keys],
	"status_code": 200,
	"system_error": "",
}

test_what_is_asked_of_a_signature_is_told_to_the_provider if {
	count(signedimages.violation) == 0 with input as {"review": request(["skao.int/mirror/db:1", "skao.int/a:1", "postgres"]), "parameters": wanting}
		with external_data as told
}

test_an_answer_that_does_not_show_what_was_asked_is_a_denial if {
	asked := {"review": request(["skao.int/mirror/db:1"]), "parameters": wanting}
	one := {violation | some violation in signedimages.violation} with input as asked with external_data as generous
	two := {violation | some violation in signedimages.violation} with input as asked with external_data as unvetted
	three := {violation | some violation in signedimages.violation} with input as asked with external_data as foreign
	every violations in [one, two, three] {
		some violation in violations
		violation.details.reason == "mismatched"
		violation.details.digest == digest
		contains(violation.msg, "does not show what the constraint asks of its signature.")
	}
}

test_a_denial_says_which_metadata_lacks_and_how_to_sign if {
	some message in messages with input as {"review": request(["skao.int/mirror/db:1"]), "parameters": wanting}
		with external_data as lacking
	contains(message, concat("", [
		"is signed without metadata that is asked for. Its signature lacks the metadata vetted=SEC-*. You: have it signed so: ",
		"`notation sign -m KEY=VALUE skao.int/mirror/db@",
		digest,
	]))
}

test_conditions_that_cannot_be_read_deny_everything if {
	every change in [{"requireMetadata": null}, {"signers": [{}]}, {"requireMetadata": [{"images": ["x.io/*"], "metadata": {}}]}] {
		every image in ["skao.int/a:1", "skao.int/vetted", "postgres"] {
			some message in messages with input as {"review": request([image]), "parameters": object.union(parameters, change)}
				with external_data as generous
				with time.now_ns as noon
			contains(message, "Each entry of parameters.requireMetadata and parameters.signers needs")
		}
	}
}

test_an_excepted_image_needs_no_metadata if {
	count(signedimages.violation) == 0 with input as {"review": request(["skao.int/vetted:2"]), "parameters": wanting}
		with external_data as stern
		with time.now_ns as noon
}

# What Rego makes of a rule that has no value for this.
undefined(x) if not x

undefined_(x, _) if not x

test_what_has_no_reason_is_denied_all_the_same if {
	some message in messages with input as {"review": request(["skao.int/a:1"]), "parameters": parameters}
		with external_data as stern
		with data.lib.exceptions.remark as undefined
	contains(message, "unavailable")
	some other in messages with input as {"review": request(["skao.int/a:1"]), "parameters": parameters}
		with external_data as stern
		with data.lib.verdict.problem as undefined_
	contains(other, "unavailable")
}
