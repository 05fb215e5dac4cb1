package lib.image_test

import data.lib.image

hex := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

sha256 := concat(":", ["sha256", hex])

sha512 := concat("", ["sha512:", hex, hex])

name(written) := sprintf("%s %s", [image.parts(written).host, image.identity(image.parts(written))])

test_a_bare_name_is_one_of_docker_hubs_official_images if {
	every written in ["postgres", "docker.io/postgres", "library/postgres", "index.docker.io/library/postgres:latest"] {
		name(written) == "docker.io docker.io/library/postgres:latest"
	}
}

test_a_path_without_a_host_is_one_of_docker_hubs if name("grafana/grafana:11") == "docker.io docker.io/grafana/grafana:11"

test_a_host_is_lower_cased_and_loses_its_default_port if {
	name("Harbor.SKAO.int:443/production/tango:1") == "harbor.skao.int harbor.skao.int/production/tango:1"
	name("INDEX.docker.io:443/postgres") == "docker.io docker.io/library/postgres:latest"
}

test_another_port_is_another_host if name("harbor.skao.int:8443/x:1") == "harbor.skao.int:8443 harbor.skao.int:8443/x:1"

test_what_could_be_a_host_is_one if {
	name("localhost/x:1") == "localhost localhost/x:1"
	name("localhost:5000/x:1") == "localhost:5000 localhost:5000/x:1"
	name("skao:443/x:1") == "skao skao/x:1"
	name("Skao/x:1") == "skao skao/x:1"
	name("[FE80::1]:5000/x:1") == "[fe80::1]:5000 [fe80::1]:5000/x:1"
}

test_a_host_may_have_an_underscore if {
	name("a_b.c/x:1") == "a_b.c a_b.c/x:1"
	name("a_b/x:1") == "docker.io docker.io/a_b/x:1"
}

test_localhost_is_no_host_by_itself if name("localhost") == "docker.io docker.io/library/localhost:latest"

test_a_digest_stands_before_a_tag if {
	name(concat("@", ["skao.int/x:1", sha256])) == concat("", ["skao.int skao.int/x@", sha256])
	name(concat("@", ["skao.int/x", sha512])) == concat("", ["skao.int skao.int/x@", sha512])
}

test_a_tag_beside_a_digest_is_kept_for_display if {
	image.parts(concat("@", ["skao.int/x:1", sha256])).tag == "1"
	image.parts(concat("@", ["skao.int/x", sha256])).tag == ""
}

test_bare_is_what_names_neither_tag_nor_digest if {
	image.parts("skao.int/x").bare
	not image.parts("skao.int/x:latest").bare
	not image.parts(concat("@", ["skao.int/x", sha256])).bare
}

test_what_is_no_reference_has_no_parts if {
	every written in [
		"", " ", "/x", "x/", "x//y", "skao.int/X", "X", "x:", "x:-1", "x@", "skao.int./x", "skao.int:/x", "a_b.c:443/x", "A_b.c/x",
		"https://skao.int/x", "user@skao.int/x", "skao.int/../x", "x\n", "skao.int/x y", "skao.int/ｘ", "x:1:2",
		concat("", ["x@", sha256, "0"]),
		concat("", ["x@sha384:", hex, substring(hex, 0, 32)]),
		concat("", ["x@sha256:", upper(hex)]),
		concat("", ["x@md5:", substring(hex, 0, 32)]),
	] {
		not image.parts(written)
	}
}

test_an_image_id_names_no_repository if {
	every written in [sha256, sha512, hex, upper(hex), "sha256:e", "sha256:0123456789ab", "sha384:12", "sha512:12", "sha256:12AB"] {
		not image.parts(written)
	}
	not image.parts(concat("@", ["sha256:12", sha256]))
}

test_what_looks_like_an_image_id_is_a_reference if {
	name("skao.int/sha256:1") == "skao.int skao.int/sha256:1"
	every written in ["sha256x:1", "xsha256:1", "sha256:latest", "library/sha256:1", "docker.io/library/sha256:1", "deadbeef", substring(hex, 1, -1)] {
		image.parts(written).host == "docker.io"
	}
	image.parts(concat("@", ["sha256", sha256]))
}

test_a_port_has_one_spelling if {
	every port in [1, 80, 5000, 8443, 9999, 10000, 59999, 60000, 64999, 65000, 65499, 65500, 65529, 65530, 65535] {
		image.parts(sprintf("skao.int:%d/x", [port])).host == sprintf("skao.int:%d", [port])
		image.parts(sprintf("[::1]:%d/x", [port]))
		image.parts(sprintf("skao:%d/x", [port]))
	}
	every port in ["0", "00", "0443", "080", "65536", "65540", "65600", "66000", "70000", "99999", "100000", "655350"] {
		not image.parts(sprintf("skao.int:%s/x", [port]))
		not image.parts(sprintf("[::1]:%s/x", [port]))
		not image.parts(sprintf("skao:%s/x", [port]))
		image.parts(sprintf("localhost:%s", [port])).tag == port
	}
}

test_a_path_is_as_long_as_255_characters if {
	path := concat("", [substring(hex, 0, 63) | some _ in numbers.range(1, 4)])
	image.parts(sprintf("skao.int/%s/ab", [path]))
	not image.parts(sprintf("skao.int/%s/abc", [path]))
	image.parts(sprintf("abc%s", [substring(path, 0, 244)]))
	not image.parts(sprintf("abc%s", [substring(path, 0, 245)]))
	image.parts(sprintf("a_b.c/%s", [substring(path, 0, 249)]))
	not image.parts(sprintf("a_b.c/%s", [substring(path, 0, 250)]))
}

test_a_tag_is_as_long_as_128_characters if {
	image.parts(concat(":", ["x", concat("", [hex, hex])]))
	not image.parts(concat(":", ["x", concat("", [hex, hex, "0"])]))
}

test_a_reference_is_as_long_as_1_kib if {
	host := concat("", [hex | some _ in numbers.range(1, 15)])
	image.parts(sprintf("%s.%s/%s", [host, substring(hex, 0, 31), substring(hex, 0, 31)]))
	not image.parts(sprintf("%s.%s/%s", [host, substring(hex, 0, 32), substring(hex, 0, 31)]))
}

test_what_is_no_text_has_no_parts if {
	every written in [null, true, 1, [], {}, ["postgres"], {"postgres"}] {
		not image.parts(written)
	}
}

test_the_wrong_part_of_a_name_is_named if {
	image.problem("") == "it is empty"
	image.problem("postgres:16:1") == "the part after the colon is not a tag (1 to 128 letters, digits, . _ or -)"
	image.problem("Harbor/Tango") == "the repository has capitals; write it in lower case"
	image.problem("skao.int:0443/x") == "the port is not a number from 1 to 65535 without zeros before it"
	image.problem(concat("", ["a" | some _ in numbers.range(1, 250)])) == "the repository is longer than 255 characters"
}
