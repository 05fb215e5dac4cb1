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
#   The ClusterImageExceptions by name, if the constraint reads them (parameters.exceptionsFrom). The spec of each is an
#   exception in the form of those in a constraint.
default of_cluster := {}

of_cluster := _of_cluster if count(_of_cluster) <= _most.ClusterImageException

# METADATA
# description: |
#   The ImageExceptions by name, likewise. Those in the namespace of the object under review alone are read, so that they count
#   nowhere else.
default of_namespace := {}

of_namespace := _of_namespace if count(_of_namespace) <= _most.ImageException

# METADATA
# description: What there is to say of kinds that have too many objects to be read in time. None of these counts.
excess contains sprintf(_too_many, [_most.ClusterImageException, "ClusterImageException"]) if {
	count(_of_cluster) > _most.ClusterImageException
}

excess contains sprintf(_too_many, [_most.ImageException, "ImageException"]) if {
	count(_of_namespace) > _most.ImageException
}

# METADATA
# description: Whether the constraint reads exceptions of this kind.
reads(kind) if kind in input.parameters.exceptionsFrom

_of_cluster := data.inventory.cluster[_version].ClusterImageException if reads("ClusterImageException")

_of_namespace := data.inventory.namespace[review.namespace][_version].ImageException if reads("ImageException")

_version := "notation-provider.internal/v1"

# Each object costs every decision some 15 µs. Who may create them in one namespace must not make decisions in others late.
_most := {"ClusterImageException": 5000, "ImageException": 500}

_too_many := "There are more than %d objects %s, so none of them counts."
