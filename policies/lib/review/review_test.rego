package lib.review_test

import data.lib.review

containers(images) := [{"name": sprintf("c%d", [i]), "image": image} | some i, image in images]

pod(images) := {"metadata": {"name": "web"}, "spec": {"containers": containers(images)}}

judged(request) := images if {
	images := {use.image | some use in review.judged} with input.review as request
}

everywhere := {
	"containers": [{"name": "a", "image": "1"}],
	"initContainers": [{"name": "b", "image": "2"}],
	"ephemeralContainers": [{"name": "c", "image": "3"}],
	"volumes": [{"name": "d", "image": {"reference": "4"}}, {"name": "e", "emptyDir": {}}],
}

test_every_image_of_a_pod_is_found_with_its_place if {
	review.judged == {
		{"field": "initContainers", "container": "b", "image": "2", "position": [0, 0, 0]},
		{"field": "containers", "container": "a", "image": "1", "position": [0, 1, 0]},
		{"field": "ephemeralContainers", "container": "c", "image": "3", "position": [0, 2, 0]},
		{"field": "volumes", "container": "d", "image": "4", "position": [0, 3, 0]},
	}
		with input.review.object as {"spec": everywhere}
}

test_every_image_is_found_wherever_a_pods_spec_stands if {
	every object_ in [
		{"spec": {"template": {"spec": everywhere}}},
		{"spec": {"jobTemplate": {"spec": {"template": {"spec": everywhere}}}}},
		{"template": {"spec": everywhere}},
	] {
		judged({"object": object_}) == {"1", "2", "3", "4"}
	}
}

test_an_object_without_containers_brings_no_image if {
	every object_ in [{}, null, {"spec": null}, {"spec": {"containers": null}}, {"data": {"image": "x"}}] {
		judged({"object": object_}) == set()
	}
}

test_what_should_be_an_image_and_is_not_is_not_overlooked if {
	every container in [{"name": "a"}, {"name": "a", "image": null}, {"name": "a", "image": 1}, "a", null, 1] {
		judged({"object": {"spec": {"containers": [container]}}}) == {""}
	}
	every image in [{}, null, "x", {"reference": 1}] {
		judged({"object": {"spec": {"volumes": [{"name": "a", "image": image}]}}}) == {""}
	}
}

test_audit_and_creation_judge_all if {
	judged({"object": pod(["1", "2"])}) == {"1", "2"}
	judged({"operation": "", "object": pod(["1", "2"]), "oldObject": null}) == {"1", "2"}
	judged({"operation": "CREATE", "object": pod(["1", "2"]), "oldObject": null}) == {"1", "2"}
	judged({"operation": "CREATE", "object": pod(["1", "2"]), "oldObject": pod(["1"])}) == {"1", "2"}
}

test_an_update_judges_what_it_adds_or_changes if {
	judged({"operation": "UPDATE", "object": pod(["1", "2"]), "oldObject": pod(["1"])}) == {"2"}
	judged({"operation": "UPDATE", "object": pod(["2"]), "oldObject": pod(["1"])}) == {"2"}
	judged({"operation": "UPDATE", "object": pod(["1"]), "oldObject": pod(["1", "2"])}) == set()
}

test_an_update_of_a_pod_that_is_being_deleted_judges_what_it_changes if {
	leaving := object.union(pod(["2"]), {"metadata": {"deletionTimestamp": "2027-01-01T00:00:00Z"}})
	judged({"operation": "UPDATE", "object": leaving, "oldObject": pod(["1"])}) == {"2"}
}

test_an_update_without_an_old_object_judges_all if {
	judged({"operation": "UPDATE", "object": pod(["1"])}) == {"1"}
	judged({"operation": "UPDATE", "object": pod(["1"]), "oldObject": null}) == {"1"}
}

test_an_update_of_ephemeral_containers_judges_all if {
	request := {"operation": "UPDATE", "subResource": "ephemeralcontainers", "object": pod(["1", "2"]), "oldObject": pod(["1"])}
	judged(request) == {"1", "2"}
}

test_an_update_of_another_subresource_is_an_update if {
	request := {"operation": "UPDATE", "subResource": "resize", "object": pod(["1"]), "oldObject": pod(["1"])}
	judged(request) == set()
}

test_a_deletion_is_not_judged if {
	judged({"operation": "DELETE", "object": pod(["1"]), "oldObject": pod(["1"])}) == set()
}

test_an_object_is_called_by_its_kind_and_name if {
	review.name == "Pod/web" with input.review as {"kind": {"kind": "Pod"}, "object": pod([])}
	review.name == "Pod/web-" with input.review as {"kind": {"kind": "Pod"}, "object": {"metadata": {"generateName": "web-"}}}
	review.name == "Object/" with input.review as {"object": {}}
}

test_an_object_is_found_by_its_kind_and_path if {
	review.kind == "Pod" with input.review as {"kind": {"kind": "Pod"}}
	review.kind == "Object" with input.review as {}
	review.path == "tango/web" with input.review as {"namespace": "tango", "object": pod([])}
	review.path == "web" with input.review as {"object": pod([])}
	review.path == "tango" with input.review as {"namespace": "tango"}
	review.path == "" with input.review as {}
}

test_positions_are_in_the_order_of_the_object if {
	uses := review.judged with input.review.object as pod([sprintf("%d", [i]) | some i in numbers.range(1, 12)])
	by_position := {use.position: use.image | some use in uses}
	[by_position[position] | some position in sort(object.keys(by_position))] == [sprintf("%d", [i]) | some i in numbers.range(1, 12)]
}

test_a_namespace_is_the_requests if {
	review.namespace == "tango" with input.review as {"namespace": "tango"}
	review.namespace == "" with input.review as {}
}

# So many images, in pairs of containers that have the same one.
crowd(n) := [sprintf("%d", [floor(i / 2)]) | some i in numbers.range(0, (2 * n) - 1)]

excessive(request) := found if {
	found := review.excessive with input.review as request
}

test_more_images_than_the_provider_takes_are_excessive if {
	excessive({"operation": "CREATE", "object": pod(crowd(256))}) == false
	excessive({"operation": "CREATE", "object": pod(crowd(257))}) == true
}

test_images_that_were_there_before_are_not_excessive if {
	new := object.union(pod(crowd(200)), {"spec": {"initContainers": [{"image": sprintf("x%d", [i])} | some i in numbers.range(1, 100)]}})
	excessive({"operation": "UPDATE", "object": new, "oldObject": pod(crowd(200))}) == false
	excessive({"operation": "UPDATE", "object": new, "oldObject": pod(crowd(10))}) == true
}

test_an_object_that_was_too_large_has_settled_nothing if {
	judged({"operation": "UPDATE", "object": pod(["1"]), "oldObject": pod(crowd(256))}) == set()
	judged({"operation": "UPDATE", "object": pod(["1"]), "oldObject": pod(crowd(257))}) == {"1"}
}

test_more_places_than_can_be_read_in_time_are_excessive if {
	volumes := [{"name": sprintf("%d", [i])} | some i in numbers.range(1, 511)]
	excessive({"object": {"spec": {"containers": [{"image": "x"}], "volumes": volumes}}}) == false
	every field in ["containers", "initContainers", "ephemeralContainers"] {
		excessive({"object": {"spec": {field: [{"image": "x"}, {"image": "y"}], "volumes": volumes}}}) == true
	}
	excessive({"object": {"spec": {"containers": {sprintf("%d", [i]): {} | some i in numbers.range(1, 513)}}}}) == true
}

test_what_is_no_place_for_an_image_is_not_counted if {
	long := [{"key": sprintf("%d", [i])} | some i in numbers.range(1, 1100)]
	excessive({"object": {"spec": {"tolerations": long}}}) == false
	excessive({"object": pod(["1"]), "options": {"spec": {"containers": long}}}) == false
}

test_a_deletion_is_never_excessive if {
	excessive({"operation": "DELETE", "object": null, "oldObject": pod(crowd(600))}) == false
	excessive({"operation": "DELETE", "object": pod(crowd(600)), "oldObject": pod(crowd(600))}) == false
}

test_an_image_that_is_no_text_is_judged_in_each_update if {
	unsound := {"spec": {"containers": [{"name": "a", "image": 1}]}}
	judged({"operation": "UPDATE", "object": unsound, "oldObject": unsound}) == {""}
}
