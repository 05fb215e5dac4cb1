package lib.exceptions_test

import data.lib.exceptions
import data.lib.image

noon := time.parse_rfc3339_ns("2027-03-01T12:00:00Z")

vetted := {"image": "postgres", "reason": "SEC-142", "expires": "2027-03-01"}

current(exception, reference, now) if {
	exceptions.current(image.parts(reference)) with input.parameters.exceptions as [exception]
		with input.review.namespace as "tango"
		with time.now_ns as now
}

remark(exception, reference, now) := text if {
	text := exceptions.remark(image.parts(reference)) with input.parameters.exceptions as [exception]
		with input.review.namespace as "tango"
		with time.now_ns as now
}

changed(change) := object.union(vetted, change)

test_an_exception_counts_for_what_its_pattern_means if {
	current(vetted, "docker.io/library/postgres:16", noon)
	current(changed({"image": "docker.io/*"}), "grafana/grafana", noon)
	not current(vetted, "postgres-evil", noon)
	not current(vetted, "evil/postgres", noon)
}

test_an_exception_counts_to_the_end_of_its_last_day_in_utc if {
	current(vetted, "postgres", time.parse_rfc3339_ns("2027-03-01T23:59:59.999Z"))
	not current(vetted, "postgres", time.parse_rfc3339_ns("2027-03-02T00:00:00Z"))
	current(vetted, "postgres", time.parse_rfc3339_ns("2027-03-02T00:30:00+01:00"))
}

test_an_exception_may_count_for_ever if {
	current(changed({"expires": "never"}), "postgres", noon)
}

test_an_exception_without_a_date_counts_for_nothing if {
	every expires in ["", "soon", "Never", "2027", "2027-3-1", "2027-13-01", "2027-03-32", "2027-03-01 ", "2027-03-01T00:00:00Z", "9999", null, 20270301, true, []] {
		not current(changed({"expires": expires}), "postgres", noon)
		contains(remark(changed({"expires": expires}), "postgres", noon), "YYYY-MM-DD")
	}
	not current(object.remove(vetted, ["expires"]), "postgres", noon)
	contains(remark(object.remove(vetted, ["expires"]), "postgres", noon), "YYYY-MM-DD")
}

test_a_day_that_does_not_exist_is_no_date if {
	every expires in ["2027-02-29", "2027-02-30", "2027-04-31", "2027-06-31", "2027-09-31", "2027-11-31", "2027-02-00", "2100-02-29"] {
		not current(changed({"expires": expires}), "postgres", noon)
		contains(remark(changed({"expires": expires}), "postgres", noon), "YYYY-MM-DD")
	}
	every expires in ["2028-02-29", "2400-02-29", "2027-03-31", "2027-12-31", "2027-04-30", "2028-02-28"] {
		current(changed({"expires": expires}), "postgres", noon)
	}
}

test_an_exception_without_a_reason_counts_for_nothing if {
	every reason in ["", " ", null, 1, true] {
		every expires in ["never", "2027-03-01", "2027-02-28"] {
			not current(changed({"reason": reason, "expires": expires}), "postgres", noon)
			contains(remark(changed({"reason": reason, "expires": expires}), "postgres", noon), "wants a reason")
		}
	}
	not current(object.remove(vetted, ["reason"]), "postgres", noon)
}

test_an_exception_that_ended_says_when_and_who_vetted_it if {
	remark(changed({"expires": "2027-02-28"}), "postgres", noon) == "Its exception ended on 2027-02-28 (SEC-142)."
	remark(changed({"expires": "2027-02-28", "namespaces": ["daq"]}), "postgres", noon) == "Its exception ended on 2027-02-28 (SEC-142)."
}

test_an_exception_that_counts_or_means_another_image_is_not_remarked_on if {
	remark(vetted, "postgres", noon) == ""
	remark(changed({"expires": "2027-02-28"}), "redis", noon) == ""
}

test_an_exception_counts_in_its_namespaces_only if {
	current(changed({"namespaces": ["tango", "daq"]}), "postgres", noon)
	every namespaces in [["daq"], [], null, false, "tango", {}] {
		not current(changed({"namespaces": namespaces}), "postgres", noon)
		not current(changed({"namespaces": namespaces, "expires": "never"}), "postgres", noon)
		not current(changed({"namespaces": namespaces, "image": "docker.io/*"}), "postgres", noon)
	}
	current(changed({"namespaces": ["tango"], "image": "docker.io/*"}), "postgres", noon)
}

test_an_exception_that_names_no_pattern_counts_for_nothing if {
	every pattern in ["", null, 1, "library", "docker.io"] {
		not current(changed({"image": pattern}), "postgres", noon)
	}
}

test_what_is_no_list_of_exceptions_excepts_nothing if {
	every list in [null, "postgres", {}, [null], ["postgres"], [[]], 1] {
		not exceptions.current(image.parts("postgres")) with input.parameters.exceptions as list
	}
	not exceptions.current(image.parts("postgres")) with input as {}
}

test_one_exception_that_counts_is_enough if {
	exceptions.current(image.parts("postgres")) with input.parameters.exceptions as [changed({"expires": "2026-01-01"}), changed({"image": "*"})]
		with time.now_ns as noon
}

test_a_remark_is_about_exceptions_that_do_not_count_only if {
	exceptions.remark(image.parts("postgres")) == "Its exception ended on 2026-01-01 (SEC-142)." with input.parameters.exceptions as [
		changed({"expires": "2026-01-01"}),
		changed({"image": "*"}),
	]
		with time.now_ns as noon
}

test_an_exception_in_other_namespaces_says_in_which if {
	remark(changed({"namespaces": ["daq", "db", "web", "x"]}), "postgres", noon) == "Its exception counts in other namespaces: daq, db, web (SEC-142)."
	every namespaces in [[], null, false, "tango", {}] {
		remark(changed({"namespaces": namespaces}), "postgres", noon) == "Its exception counts nowhere: its namespaces are not a list of names."
	}
	contains(remark(changed({"namespaces": ["daq"], "reason": ""}), "postgres", noon), "wants a reason")
}

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

test_an_exception_for_another_tag_or_digest_is_named if {
	remark(changed({"image": "postgres:16"}), "postgres:17", noon) == "An exception for docker.io/library/postgres:16 does not cover this tag or digest (SEC-142)."
	contains(remark(changed({"image": concat("@", ["postgres", digest])}), "postgres:17", noon), "does not cover this tag or digest")
	contains(remark(changed({"image": "postgres:16"}), concat("@", ["postgres:16", digest]), noon), "does not cover this tag or digest")
	every exception in [{"image": "postgres:16", "expires": "2027-02-28"}, {"image": "postgres:16", "namespaces": ["daq"]}, {"image": "x.io/postgres:16"}] {
		remark(changed(exception), "postgres:17", noon) == ""
	}
}

test_an_exception_for_this_tag_is_not_for_another if {
	exceptions.remark(image.parts("postgres:16")) == "" with input.parameters.exceptions as [changed({"image": "postgres:16"})]
		with time.now_ns as noon
}

test_an_exception_for_the_repository_above_is_named if {
	prometheus := changed({"image": "quay.io/prometheus"})
	remark(prometheus, "quay.io/prometheus/node-exporter", noon) == concat(" ", [
		"An exception for quay.io/prometheus does not cover what is below it;",
		"for that, it is written quay.io/prometheus/* (SEC-142).",
	])
	contains(remark(prometheus, "quay.io/prometheus/a/b:1", noon), "written quay.io/prometheus/*")
	remark(prometheus, "quay.io/prometheus-evil/a", noon) == ""
	remark(changed({"image": "quay.io/prometheus:1"}), "quay.io/prometheus/a", noon) == ""
	remark(object.union(prometheus, {"expires": "2027-02-28"}), "quay.io/prometheus/a", noon) == ""
	remark(changed({"image": "*"}), "quay.io/prometheus/a", noon) == ""
}

test_three_remarks_are_enough if {
	text := exceptions.remark(image.parts("postgres:1")) with input.parameters.exceptions as [changed({"image": sprintf("postgres:%d", [i])}) | some i in numbers.range(10, 19)]
		with time.now_ns as noon
	strings.count(text, "An exception for") == 3
}

test_of_many_exceptions_for_one_pattern_three_are_told if {
	many := [changed({"reason": sprintf("SEC-%d", [i]), "expires": "2020-01-01"}) | some i in numbers.range(100, 299)]
	text := exceptions.remark(image.parts("postgres")) with input.parameters.exceptions as many
		with input.review.namespace as "tango"
		with time.now_ns as noon
	strings.count(text, "Its exception ended on 2020-01-01") == 3
}

# The same exception as an object of its own.
object_current(exception, reference) if {
	exceptions.current(image.parts(reference)) with input as reads
		with data.inventory as of_cluster({"vetted": {"spec": exception}})
		with time.now_ns as noon
}

object_remark(exception, reference) := text if {
	text := exceptions.remark(image.parts(reference)) with input as reads
		with data.inventory as of_cluster({"vetted": {"spec": exception}})
		with time.now_ns as noon
}

reads := {"parameters": {"exceptionsFrom": ["ClusterImageException", "ImageException"]}, "review": {"namespace": "tango"}}

of_cluster(objects) := {"cluster": {"notation-provider.internal/v1": {"ClusterImageException": objects}}}

of_namespace(name, objects) := {"namespace": {name: {"notation-provider.internal/v1": {"ImageException": objects}}}}

test_an_object_follows_the_rules_of_the_constraints_exceptions if {
	every change in [{}, {"image": "docker.io/*"}, {"expires": "never"}, {"namespaces": ["daq", "tango"]}, {"image": "postgres:16"}] {
		object_current(changed(change), "postgres:16")
		object_remark(changed(change), "postgres:16") == ""
	}
	every change in [
		{"expires": "2027-02-28"}, {"expires": "2027-02-30"}, {"expires": ""}, {"expires": null}, {"reason": ""}, {"reason": " "}, {"reason": null},
		{"namespaces": []}, {"namespaces": ["daq"]}, {"namespaces": null}, {"image": ""}, {"image": "docker.io"}, {"image": "postgres*"},
		{"image": "postgres:17"}, {"image": "docker.io/library/postgres/*"}, {"image": "*.io/*"}, {"image": null},
	] {
		not object_current(changed(change), "postgres:16")
	}
	every field in ["image", "reason", "expires"] {
		not object_current(object.remove(vetted, [field]), "postgres:16")
	}
}

test_an_object_that_does_not_count_is_named if {
	object_remark(changed({"expires": "2027-02-28"}), "postgres") == "Its exception ended on 2027-02-28 (SEC-142; ClusterImageException vetted)."
	object_remark(changed({"namespaces": ["daq"]}), "postgres") == "Its exception counts in other namespaces: daq (SEC-142; ClusterImageException vetted)."
	object_remark(changed({"namespaces": []}), "postgres") == "Its exception counts nowhere: its namespaces are not a list of names (ClusterImageException vetted)."
	object_remark(changed({"expires": "soon"}), "postgres") == concat(" ", [
		"Its exception counts for nothing: it wants a reason, and expires:",
		"YYYY-MM-DD or never (ClusterImageException vetted).",
	])
	endswith(object_remark(changed({"image": "postgres:16"}), "postgres:17"), "does not cover this tag or digest (SEC-142; ClusterImageException vetted).")
	endswith(object_remark(changed({"image": "quay.io/a"}), "quay.io/a/b"), "written quay.io/a/* (SEC-142; ClusterImageException vetted).")
}

test_an_exception_of_a_namespace_counts_there_alone if {
	exceptions.current(image.parts("postgres")) with input as reads
		with data.inventory as of_namespace("tango", {"db": {"spec": vetted}})
		with time.now_ns as noon
	every spec in [vetted, changed({"namespaces": ["tango"]})] {
		not exceptions.current(image.parts("postgres")) with input as reads
			with data.inventory as of_namespace("daq", {"db": {"spec": spec}})
			with time.now_ns as noon
	}
}

test_an_object_counts_beside_the_constraints_exceptions if {
	input_ := object.union(reads, {"parameters": {"exceptions": [changed({"expires": "2020-01-01"}), {"image": "redis", "reason": "SEC-1", "expires": "never"}]}})
	every reference in ["postgres", "redis"] {
		exceptions.current(image.parts(reference)) with input as input_
			with data.inventory as of_cluster({"vetted": {"spec": vetted}})
			with time.now_ns as noon
	}
	remarks := exceptions.remark(image.parts("postgres")) with input as input_ with data.inventory as {} with time.now_ns as noon
	remarks == "Its exception ended on 2020-01-01 (SEC-142)."
}

test_no_object_counts_unless_the_constraint_reads_it if {
	every parameters in [{}, {"exceptionsFrom": []}, {"exceptionsFrom": ["ImageException"]}] {
		not exceptions.current(image.parts("postgres")) with input as {"parameters": parameters, "review": {"namespace": "tango"}}
			with data.inventory as of_cluster({"vetted": {"spec": vetted}})
			with time.now_ns as noon
	}
}

test_without_an_inventory_no_object_counts if {
	not exceptions.current(image.parts("postgres")) with input as reads
	every absent in [{}, null, [], "x", of_cluster(null), of_cluster([vetted]), of_cluster({"a": null}), of_cluster({"a": vetted})] {
		not exceptions.current(image.parts("postgres")) with input as reads with data.inventory as absent
	}
}

test_objects_that_are_too_many_do_not_count_and_are_told if {
	crowd := {sprintf("e%d", [i]): {"spec": vetted} | some i in numbers.range(1, 501)}
	not exceptions.current(image.parts("postgres")) with input as reads with data.inventory as of_namespace("tango", crowd) with time.now_ns as noon
	text := exceptions.remark(image.parts("postgres")) with input as reads with data.inventory as of_namespace("tango", crowd)
	text == "There are more than 500 objects ImageException, so none of them counts."
}
