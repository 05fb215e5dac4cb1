package lib.pattern_test

import data.lib.image
import data.lib.pattern

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

at(name) := concat("@", [name, digest])

means(written, reference) if {
	pattern.means(written, image.parts(reference))
	pattern.name(written) in {"*", image.parts(reference).name}
}

test_a_star_means_everything if {
	means("*", "postgres")
	means("*", at("skao.int:8443/a/b:1"))
}

test_a_repository_means_any_tag_and_digest if {
	every reference in ["skao.int/a/b", "skao.int/a/b:1", at("skao.int/a/b"), at("skao.int/a/b:1")] {
		means("skao.int/a/b", reference)
	}
}

test_a_repository_means_no_other if {
	every reference in ["skao.int/a/bc", "skao.int/a/b/c", "skao.int/a", "a/b", "skao.int:8443/a/b", "skao.int.evil.io/a/b"] {
		not means("skao.int/a/b", reference)
	}
}

test_a_path_means_everything_below_it if {
	means("skao.int/a/*", "skao.int/a/b")
	means("skao.int/a/*", at("skao.int/a/b/c:1"))
	means("skao.int/*", "skao.int/a/b")
	means("skao.int:8443/*", "skao.int:8443/a")
}

test_a_path_ends_where_a_name_ends if {
	every reference in ["skao.int/a", "skao.int/a-evil/b", "skao.int/ab", "skao.int.evil.io/a/b", "skao.int:8443/a/b", "evil.io/skao.int/a/b"] {
		not means("skao.int/a/*", reference)
	}
	not means("skao.int/*", "skao.int.evil.io/a/b")
	not means("skao.int/*", "skao.int:8443/a/b")
}

test_a_tag_means_exactly_this_tag if {
	means("skao.int/a:1", "skao.int/a:1")
	means("skao.int/a:latest", "skao.int/a")
	not means("skao.int/a:1", "skao.int/a:12")
	not means("skao.int/a:1", "skao.int/a")
}

test_a_tag_does_not_mean_a_digest_beside_which_the_same_tag_stands if not means("skao.int/a:1", at("skao.int/a:1"))

test_a_digest_means_exactly_this_digest_whatever_tag_stands_beside_it if {
	every written in [at("skao.int/a"), at("skao.int/a:1")] {
		means(written, at("skao.int/a"))
		means(written, at("skao.int/a:2"))
		not means(written, "skao.int/a:1")
		not means(written, "skao.int/a")
		not means(written, concat("", [trim_suffix(at("skao.int/a"), "f"), "e"]))
	}
}

test_patterns_are_read_as_images_are if {
	every written in ["postgres", "docker.io/postgres", "Index.docker.io:443/library/postgres"] {
		pattern.canonical(written) == "docker.io/library/postgres"
	}
	pattern.canonical("docker.io/*") == "docker.io/*"
	pattern.canonical("Harbor.skao.int:443/production/*") == "harbor.skao.int/production/*"
	pattern.canonical("grafana/*") == "docker.io/grafana/*"
	pattern.canonical("postgres:16") == "docker.io/library/postgres:16"
}

test_the_bare_name_of_a_registry_is_no_pattern if {
	every written in ["harbor.skao.int", "harbor.skao.int:8443", at("harbor.skao.int"), "localhost", "localhost:5000"] {
		not pattern.canonical(written)
	}
}

test_what_is_no_reference_is_no_pattern if {
	every written in ["", "/*", "**", "*/*", "*.skao.int/*", "skao.int/a*", "skao.int/*/b", "skao.int/a:1/*", "skao.int/A/*", "skao.int/", null, 1, []] {
		not pattern.canonical(written)
	}
}

test_a_pattern_has_the_name_of_what_it_means if {
	every written in ["web", "web:1", at("web"), "skao.int/a/web", "skao.int:5000/web", "[::1]:5000/a/web:1", at("skao.int/web:1")] {
		pattern.name(written) == "web"
	}
	every written in ["*", "skao.int/*", "skao.int:5000/a/*"] {
		pattern.name(written) == "*"
	}
	every written in ["skao.int/a/webs", "skao.int/web/a", "skao.int/a.web", "skao.int/a-web"] {
		pattern.name(written) != "web"
	}
}

test_the_patterns_that_mean_an_image_can_be_listed if {
	parts := image.parts("skao.int/a/b/c:1")
	pattern.exact(parts) == {"skao.int/a/b/c", "skao.int/a/b/c:1"}
	pattern.paths(parts, {1, 3, 4, 7}) == {"*", "skao.int/*", "skao.int/a/b/*"}
	pattern.depths({"*", "skao.int/a", "skao.int/*", "skao.int/a/b/*"}) == {1, 3}
}

test_a_pattern_has_a_repository if {
	pattern.repository("skao.int:8443/db:1") == "skao.int:8443/db"
	pattern.repository("skao.int:8443/db") == "skao.int:8443/db"
	pattern.repository(concat("@", ["skao.int/db", "sha256:12"])) == "skao.int/db"
	pattern.repository("skao.int/*") == "skao.int/*"
}
