package pinnedimages_test

import data.pinnedimages

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

noon := time.parse_rfc3339_ns("2027-03-01T12:00:00Z")

parameters := {
	"images": ["skao.int/*"],
	"exceptions": [{"image": "skao.int/vetted", "reason": "SEC-142", "expires": "2027-03-01"}],
}

request(image) := {
	"kind": {"kind": "Pod"},
	"namespace": "tango",
	"operation": "CREATE",
	"object": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": image}]}},
}

denials(image, parameters_) := messages if {
	messages := {violation.msg | some violation in pinnedimages.violation} with input as {"review": request(image), "parameters": parameters_}
		with time.now_ns as noon
}

test_an_image_named_by_digest_is_admitted if {
	count(denials(concat("@", ["skao.int/a", digest]), parameters)) == 0
	count(denials(concat("@", ["skao.int/a:1", digest]), parameters)) == 0
}

test_an_image_named_by_tag_is_denied if {
	every image in ["skao.int/a:1", "skao.int/a"] {
		some message in denials(image, parameters)
		contains(message, "is not named by digest. Its tag can be moved to another image. You: add its digest")
	}
}

test_an_image_that_is_not_governed_is_admitted if count(denials("postgres", parameters)) == 0

test_every_image_is_governed_where_the_constraint_does_not_say if count(denials("postgres", {})) == 1

test_an_excepted_image_is_admitted if count(denials("skao.int/vetted:1", parameters)) == 0

test_a_denial_tells_of_an_exception_that_ended if {
	ended := object.union(parameters, {"exceptions": [{"image": "skao.int/vetted", "reason": "SEC-142", "expires": "2027-02-28"}]})
	some message in denials("skao.int/vetted:1", ended)
	contains(message, "Its exception ended on 2027-02-28 (SEC-142).")
}

test_what_is_no_reference_is_denied_whatever_is_governed if {
	every image in ["", "NO REFERENCE", digest, concat("@", ["a", digest, digest])] {
		some message in denials(image, parameters)
		contains(message, "is not an image reference.")
	}
}

test_a_constraint_that_does_not_say_what_it_governs_denies_everything if {
	every images in [[], null, ["skao.int"], ["skao.int/*", ""]] {
		every image in ["skao.int/a:1", "skao.int/vetted", "postgres", concat("@", ["skao.int/a", digest])] {
			some message in denials(image, object.union(parameters, {"images": images}))
			contains(message, "misconfigured")
		}
	}
}

test_denials_are_numbered if {
	containers := [{"name": "c", "image": image} | some image in ["skao.int/2:1", "skao.int/vetted:1", "skao.int/1:1"]]
	denied := {violation.msg | some violation in pinnedimages.violation} with input as {
		"review": {"operation": "CREATE", "object": {"spec": {"containers": containers}}},
		"parameters": parameters,
	}
		with time.now_ns as noon
	[substring(message, 0, 31) | some message in sort(denied)] == ["Blocked (1 of 2): image skao.in", "Blocked (2 of 2): image skao.in"]
	some first in denied
	startswith(first, "Blocked (1 of 2): image skao.int/2:1")
}

test_an_object_with_too_many_images_is_denied_as_a_whole if {
	containers := [{"name": "c", "image": sprintf("skao.int/%d:1", [i])} | some i in numbers.range(1, 257)]
	{violation.details.reason | some violation in pinnedimages.violation} == {"excessive"} with input as {
		"review": {"operation": "CREATE", "object": {"spec": {"containers": containers}}},
		"parameters": parameters,
	}
}

# What Rego makes of a rule that has no value for this.
undefined(x) if not x

test_what_has_no_remark_is_denied_all_the_same if {
	some violation in pinnedimages.violation with input as {"review": request("skao.int/a:1"), "parameters": parameters}
		with data.lib.exceptions.remark as undefined
	violation.details.reason == "unpinned"
}
