# METADATA
# title: Exceptions that are objects
# description: |
#   Reads ClusterImageExceptions and ImageExceptions from data.inventory, where Gatekeeper keeps the objects that a SyncSet
#   names. The chart has the CRDs. What is not there, or has no spec, excepts nothing.
# custom:
#   requiresSyncData:
#     - [{groups: [notation-provider.internal], versions: [v1], kinds: [ClusterImageException]}]
#     - [{groups: [notation-provider.internal], versions: [v1], kinds: [ImageException]}]
package lib.inventory

import data.lib.review

# METADATA
# description: |
#   The exceptions that the constraint reads (parameters.exceptionsFrom), by kind and name of their objects, in the form of
#   those in a constraint. Those of a namespace are read for objects in it alone, so that they count nowhere else.
exceptions := object.union(_of_cluster, _of_namespace)

# METADATA
# description: Whether the constraint reads exceptions of this kind.
reads(kind) if kind in input.parameters.exceptionsFrom

_of_cluster := {source: object_.spec |
	reads("ClusterImageException")
	some name, object_ in data.inventory.cluster[_version].ClusterImageException
	source := concat(" ", ["ClusterImageException", name])
}

_of_namespace := {source: object_.spec |
	reads("ImageException")
	some name, object_ in data.inventory.namespace[review.namespace][_version].ImageException
	source := concat(" ", ["ImageException", name])
}

_version := "notation-provider.internal/v1"
