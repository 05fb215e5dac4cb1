package lib.inventory_test

import data.lib.inventory

version := "notation-provider.internal/v1"

vetted := {"image": "postgres", "reason": "SEC-142", "expires": "never"}

both := ["ClusterImageException", "ImageException"]

objects := {
	"cluster": {version: {"ClusterImageException": {"postgres": {"spec": vetted}}}},
	"namespace": {
		"tango": {version: {"ImageException": {"redis": {"spec": {"image": "redis"}}}}},
		"daq": {version: {"ImageException": {"nginx": {"spec": {"image": "nginx"}}}}},
	},
}

read(kinds, namespace, objects_) := found if {
	found := inventory.exceptions with input as {"parameters": {"exceptionsFrom": kinds}, "review": {"namespace": namespace}}
		with data.inventory as objects_
}

test_a_constraint_reads_the_kinds_that_it_names if {
	read(both, "tango", objects) == {"ClusterImageException postgres": vetted, "ImageException redis": {"image": "redis"}}
	read(["ClusterImageException"], "tango", objects) == {"ClusterImageException postgres": vetted}
	read(["ImageException"], "tango", objects) == {"ImageException redis": {"image": "redis"}}
	every kinds in [[], null, "ClusterImageException", ["clusterimageexceptions"], true] {
		read(kinds, "tango", objects) == {}
	}
	inventory.exceptions == {} with input as {} with data.inventory as objects
}

test_exceptions_of_a_namespace_are_read_for_objects_in_it if {
	read(["ImageException"], "daq", objects) == {"ImageException nginx": {"image": "nginx"}}
	read(["ImageException"], "elsewhere", objects) == {}
	read(["ImageException"], "", objects) == {}
}

test_without_an_inventory_there_is_none if {
	inventory.exceptions == {} with input as {"parameters": {"exceptionsFrom": both}, "review": {"namespace": "tango"}}
	every absent in [{}, null, {"cluster": {}}, {"cluster": {version: {}}}, {"cluster": {version: {"ClusterImageException": null}}}] {
		read(both, "tango", absent) == {}
	}
}

test_what_has_no_spec_is_left_out if {
	read(both, "tango", {"cluster": {version: {"ClusterImageException": {"a": {}, "b": null, "c": {"spec": vetted}}}}}) == {"ClusterImageException c": vetted}
}

test_objects_of_another_version_are_not_read if {
	read(both, "tango", {"cluster": {"notation-provider.internal/v2": {"ClusterImageException": {"a": {"spec": vetted}}}}}) == {}
}
