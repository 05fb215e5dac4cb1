package lib.parameters_test

import data.lib.image
import data.lib.parameters

governs(written, reference) if parameters.governs(image.parts(reference)) == true with input.parameters.images as written

test_parameters_without_images_govern_every_image if {
	parameters.sound with input as {"parameters": {}}
	parameters.governs(image.parts("postgres")) with input as {"parameters": {}}
}

test_an_image_is_governed_by_any_of_the_patterns if {
	governs(["harbor.skao.int/*", "artefact.skao.int/*"], "artefact.skao.int/x")
	not governs(["harbor.skao.int/*", "artefact.skao.int/*"], "postgres")
}

test_an_image_is_governed_unless_it_is_certain_that_it_is_not if {
	parameters.governs(image.parts("postgres")) == false with input.parameters.images as ["skao.int/*"]
	parameters.governs(image.parts("postgres")) == true with input.parameters.images as ["skao.int/*", "skao.int"]
	parameters.governs({}) == true with input.parameters.images as ["skao.int/*"]
	parameters.governs("postgres") == true with input.parameters.images as ["skao.int/*"]
}

test_a_pattern_governs_what_it_means_and_not_what_begins_so if {
	digest := concat("", ["sha256:", concat("", ["0123456789abcdef" | some _ in numbers.range(1, 4)])])
	governs(["postgres"], "docker.io/library/postgres:16")
	not governs(["postgres"], "postgres-evil")
	not governs(["postgres:1"], "postgres:16")
	governs(["postgres:1"], "postgres:1")
	not governs(["skao.int/a/*"], "skao.int/a")
	governs(["skao.int/a/*"], "skao.int/a/b/c")
	governs([concat("@", ["skao.int/a", digest])], concat("@", ["skao.int/a:1", digest]))
}

# Mutation pins a tag before Gatekeeper asks.
test_an_image_that_may_be_that_of_a_tag_or_digest_is_governed if {
	digest := concat("", ["sha256:", concat("", ["0123456789abcdef" | some _ in numbers.range(1, 4)])])
	other := replace(digest, "sha256:0", "sha256:1")
	governs(["postgres:1"], concat("@", ["postgres:1", digest]))
	governs(["postgres:1"], concat("@", ["postgres", digest]))
	governs([concat("@", ["postgres", digest])], "postgres:1")
	governs([concat("@", ["postgres", digest])], concat("@", ["postgres:1", digest]))
	not governs([concat("@", ["postgres", digest])], concat("@", ["postgres:1", other]))
	not governs(["postgres:1"], concat("@", ["postgres-evil", digest]))
	not governs([concat("@", ["postgres", digest])], "postgres-evil:1")
}

test_patterns_make_parameters_sound if parameters.sound with input.parameters.images as ["harbor.skao.int/*", "postgres"]

test_what_governs_nothing_is_not_sound if {
	every images in [[], null, false, "", "*", {}, {"a": "*"}, {"*"}] {
		not parameters.sound with input.parameters.images as images
	}
}

test_one_thing_that_is_no_pattern_makes_parameters_unsound if {
	every image in ["harbor.skao.int", "", null, 1, "harbor.skao.int/", "*.skao.int/*"] {
		not parameters.sound with input.parameters.images as ["harbor.skao.int/*", image]
	}
}

test_support_is_text_or_empty if {
	parameters.support == "" with input as {}
	parameters.support == "https://skao.int/help" with input.parameters.support as "https://skao.int/help"
	every support in [null, 1, {}, false] {
		parameters.support == "" with input.parameters.support as support
	}
}
