package lib.inventory_test

import data.lib.inventory

version := "notation-provider.internal/v1"

vetted := {"image": "postgres", "reason": "SEC-142", "expires": "never"}

both := ["ClusterImageException", "ImageException"]

found(exception) := {"spec": exception}

objects := {
	"cluster": {version: {"ClusterImageException": {"postgres": found(vetted)}}},
	"namespace": {
		"tango": {version: {"ImageException": {"redis": found({"image": "redis"})}}},
		"daq": {version: {"ImageException": {"nginx": found({"image": "nginx"})}}},
	},
}

read(kinds, namespace, objects_) := object.union(
	{"ClusterImageException": found_ | found_ := of_cluster(kinds, objects_); found_ != {}},
	{"ImageException": found_ | found_ := of_namespace(kinds, namespace, objects_); found_ != {}},
)

of_cluster(kinds, objects_) := found_ if {
	found_ := inventory.of_cluster with input.parameters.exceptionsFrom as kinds with data.inventory as objects_
}

of_namespace(kinds, namespace, objects_) := found_ if {
	found_ := inventory.of_namespace with input as {"parameters": {"exceptionsFrom": kinds}, "review": {"namespace": namespace}}
		with data.inventory as objects_
}

test_a_constraint_reads_the_kinds_that_it_names if {
	postgres := {"ClusterImageException": {"postgres": found(vetted)}}
	redis := {"ImageException": {"redis": found({"image": "redis"})}}
	read(both, "tango", objects) == object.union(postgres, redis)
	read(["ClusterImageException"], "tango", objects) == postgres
	read(["ImageException"], "tango", objects) == redis
	every kinds in [[], null, "ClusterImageException", ["clusterimageexceptions"], true] {
		read(kinds, "tango", objects) == {}
	}
	inventory.of_cluster == {} with input as {} with data.inventory as objects
	inventory.of_namespace == {} with input as {"review": {"namespace": "tango"}} with data.inventory as objects
}

test_exceptions_of_a_namespace_are_read_for_objects_in_it if {
	read(["ImageException"], "daq", objects) == {"ImageException": {"nginx": found({"image": "nginx"})}}
	read(["ImageException"], "elsewhere", objects) == {}
	read(["ImageException"], "", objects) == {}
}

test_without_an_inventory_there_is_none if {
	inventory.of_cluster == {} with input as {"parameters": {"exceptionsFrom": both}, "review": {"namespace": "tango"}}
	inventory.of_namespace == {} with input as {"parameters": {"exceptionsFrom": both}, "review": {"namespace": "tango"}}
	every absent in [{}, null, {"cluster": {}}, {"cluster": {version: {}}}, {"cluster": null, "namespace": null}] {
		read(both, "tango", absent) == {}
	}
}

test_objects_of_another_version_are_not_read if {
	read(both, "tango", {"cluster": {"notation-provider.internal/v2": {"ClusterImageException": {"a": found(vetted)}}}}) == {}
}

many(n) := {sprintf("e%d", [i]): found(vetted) | some i in numbers.range(1, n)}

test_too_many_objects_of_a_kind_are_not_read if {
	most := {"namespace": {"tango": {version: {"ImageException": many(500)}}}}
	more := {"namespace": {"tango": {version: {"ImageException": many(501)}}}, "cluster": {version: {"ClusterImageException": {"a": found(vetted)}}}}
	count(read(both, "tango", most).ImageException) == 500
	read(both, "tango", more) == {"ClusterImageException": {"a": found(vetted)}}
	crowd := {"cluster": {version: {"ClusterImageException": many(5001)}}}
	read(both, "tango", crowd) == {}
}

test_too_many_objects_are_told if {
	excess_of_cluster := inventory.excess with input.parameters.exceptionsFrom as both
		with data.inventory as {"cluster": {version: {"ClusterImageException": many(5001)}}}
	excess_of_cluster == {"There are more than 5000 objects ClusterImageException, so none of them counts."}
	inventory.excess == set() with input.parameters.exceptionsFrom as both
		with data.inventory as {"cluster": {version: {"ClusterImageException": many(5000)}}}
	excess := inventory.excess with input as {"parameters": {"exceptionsFrom": both}, "review": {"namespace": "tango"}}
		with data.inventory as {"namespace": {"tango": {version: {"ImageException": many(501)}}}}
	excess == {"There are more than 500 objects ImageException, so none of them counts."}
	inventory.excess == set() with input as {"parameters": {"exceptionsFrom": both}, "review": {"namespace": "tango"}}
		with data.inventory as {"namespace": {"tango": {version: {"ImageException": many(500)}}}}
}
