package lib.conditions_test

import data.lib.conditions

entry := {"images": ["skao.int/mirror/*"], "metadata": {"vetted": "SEC-*"}}

signer := {"images": ["skao.int/mirror/*"], "attributes": {"CN": "Vetting", "O": "SKAO"}}

value := {"metadata": {"vetted": "SEC-142"}, "signerIdentity": {"CN": ["Vetting"], "O": ["Other", "SKAO"]}}

met(parameters, written, answer) if {
	conditions.met(written, answer) with input.parameters as parameters
}

key(parameters, written) := asked if {
	asked := conditions.key(written) with input.parameters as parameters
}

sound(parameters) if {
	conditions.sound with input.parameters as parameters
}

metadata(wanted) := {"requireMetadata": [{"images": ["skao.int/mirror/*"], "metadata": wanted}]}

test_without_parameters_nothing_is_wanted if {
	sound({})
	met({}, "skao.int/mirror/db:1", {})
	key({}, "skao.int/mirror/db:1") == "skao.int/mirror/db:1"
}

test_what_is_no_image_has_no_key if {
	not key({}, "NO REFERENCE")
	not key({"requireMetadata": [entry]}, "NO REFERENCE")
}

test_the_question_has_every_condition_of_every_entry_for_the_image if {
	both := {"requireMetadata": [entry, object.union(entry, {"metadata": {"vetted": "SEC-1*", "a b": "&"}})], "signers": [signer]}
	sound(both)
	key(both, "skao.int/mirror/db:1") == concat("", [
		"skao.int/mirror/db:1?metadata.a+b=%26&metadata.vetted=SEC-%2A&metadata.vetted=SEC-1%2A",
		"&signer.CN=Vetting&signer.O=SKAO",
	])
	key(both, "skao.int/mirrors/db:1") == "skao.int/mirrors/db:1"
}

test_a_pattern_means_what_it_means_elsewhere if {
	every images in [["*"], ["skao.int/*"], ["SKAO.int:443/mirror/*"], ["skao.int/mirror/db"], ["skao.int/mirror/db:1"], ["x.io/*", "skao.int/mirror/db"]] {
		not met({"requireMetadata": [object.union(entry, {"images": images})]}, "skao.int/mirror/db:1", {})
	}
	every images in [["skao.int/mirror"], ["skao.int/mirror/d"], ["skao.int/mirror/db:10"], ["skao.int/mirror/db/*"], ["mirror/*"]] {
		met({"requireMetadata": [object.union(entry, {"images": images})]}, "skao.int/mirror/db:1", {})
	}
}

wants_of(pattern) := {"requireMetadata": [object.union(entry, {"images": [pattern]})], "signers": [object.union(signer, {"images": [pattern]})]}

# Mutation pins a tag before Gatekeeper asks: an entry for a tag must not end there, nor one for a digest by the digest's tag.
test_an_entry_for_a_tag_or_digest_cannot_be_avoided_by_the_other if {
	digest := concat("", ["sha256:", concat("", ["0123456789abcdef" | some _ in numbers.range(1, 4)])])
	other := replace(digest, "sha256:0", "sha256:1")
	every written in [concat("@", ["skao.int/mirror/db:1", digest]), concat("@", ["skao.int/mirror/db", digest])] {
		not met(wants_of("skao.int/mirror/db:1"), written, {})
		met(wants_of("skao.int/mirror/db:1"), written, value)
		endswith(key(wants_of("skao.int/mirror/db:1"), written), "?metadata.vetted=SEC-%2A&signer.CN=Vetting&signer.O=SKAO")
		not met(wants_of(concat("@", ["skao.int/mirror/db:1", digest])), "skao.int/mirror/db:1", {})
		met(wants_of(concat("@", ["skao.int/mirror/db", other])), written, {})
	}
	met(wants_of("skao.int/mirror/db:1"), "skao.int/mirror/db:2", {})
	met(wants_of("skao.int/mirror/db:1"), concat("@", ["skao.int/mirror/db2", digest]), {})
}

test_every_entry_for_the_image_must_hold if {
	met({"requireMetadata": [entry], "signers": [signer]}, "skao.int/mirror/db:1", value)
	not met({"requireMetadata": [entry, object.union(entry, {"images": ["*"], "metadata": {"tested": "*"}})]}, "skao.int/mirror/db:1", value)
	not met({"requireMetadata": [entry], "signers": [object.union(signer, {"attributes": {"OU": "x"}})]}, "skao.int/mirror/db:1", value)
	not met({"requireMetadata": [object.union(entry, {"metadata": {"vetted": "SEC-142", "tested": "yes"}})]}, "skao.int/mirror/db:1", value)
}

test_a_value_is_whole_or_a_beginning if {
	every wanted in ["SEC-142", "SEC-*", "SEC-142*", "*"] {
		met(metadata({"vetted": wanted}), "skao.int/mirror/db", value)
	}
	every wanted in ["SEC-14", "SEC-1421", "sec-142", "*142", "SEC-*2", "SEC-142 ", "SEC-143*", "S?C-142", ".*"] {
		not met(metadata({"vetted": wanted}), "skao.int/mirror/db", value)
	}
	met(metadata({"vetted": "*"}), "skao.int/mirror/db", {"metadata": {"vetted": ""}})
}

test_metadata_that_is_missing_or_no_text_does_not_hold if {
	every odd in [{}, null, "vetted", ["SEC-142"], {"Vetted": "SEC-142"}, {"vetted ": "SEC-142"}, {"vetted": null}, {"vetted": 142}, {"vetted": true}, {"vetted": ["SEC-142"]}, {"vetted": {"SEC-142": "SEC-142"}}] {
		every wanted in ["SEC-142", "SEC-*", "*"] {
			not met(metadata({"vetted": wanted}), "skao.int/mirror/db", {"metadata": odd})
		}
	}
	not met(metadata({"0": "SEC-142"}), "skao.int/mirror/db", {"metadata": ["SEC-142"]})
	not met({"requireMetadata": [entry]}, "skao.int/mirror/db", {"metadata": {"SEC-142": "vetted"}, "vetted": "SEC-142"})
	every odd in [{}, null, [], "SEC-142", {"signerIdentity": {"vetted": ["SEC-142"]}}] {
		not met({"requireMetadata": [entry]}, "skao.int/mirror/db", odd)
	}
}

wants(attributes) := {"signers": [{"images": ["skao.int/mirror/*"], "attributes": attributes}]}

test_an_attribute_has_the_value_among_its_values if {
	met(wants({"O": "SKAO"}), "skao.int/mirror/db", value)
	met(wants({"CN": "Vet*"}), "skao.int/mirror/db", value)
	every attributes in [{"O": "SKA"}, {"O": "skao"}, {"OU": "SKAO"}, {"CN": "Vetting", "O": "x"}] {
		not met(wants(attributes), "skao.int/mirror/db", value)
	}
	every odd in [null, {}, {"O": "SKAO"}, {"O": {"0": "SKAO"}}, {"O": []}, {"O": [null, 1, ["SKAO"]]}, {"o": ["SKAO"]}] {
		not met(wants({"O": "SKAO"}), "skao.int/mirror/db", {"signerIdentity": odd, "metadata": {"O": "SKAO"}})
	}
}

test_an_entry_that_cannot_be_read_makes_all_unsound if {
	sound({"requireMetadata": [entry], "signers": [signer]})
	every change in [
		{"images": []}, {"images": null}, {"images": "skao.int/*"}, {"images": {"a": "skao.int/*"}}, {"images": ["skao.int/*", "skao.int"]},
		{"metadata": null}, {"metadata": ["SEC-142"]}, {"metadata": "vetted"}, {"metadata": {"vetted": ""}}, {"metadata": {"vetted": 142}},
		{"metadata": {"vetted": ["SEC-142"]}}, {"metadata": {"": "x"}},
	] {
		not sound({"requireMetadata": [entry, object.union(entry, change)]})
	}
	not sound(metadata({}))
	every attributes in [null, {"X": "1"}, {"cn": "Vetting"}, {"CN": ""}, {"CN": ["Vetting"]}, ["CN"]] {
		not sound({"signers": [object.union(signer, {"attributes": attributes})]})
	}
	every field in ["images", "metadata"] {
		not sound({"requireMetadata": [object.remove(entry, [field])]})
	}
	every list in [null, "x", {"a": entry}, entry, 1, true, [null]] {
		not sound({"requireMetadata": list})
	}
	every list in [null, "x", {"a": signer}, [entry]] {
		not sound({"signers": list})
	}
}
