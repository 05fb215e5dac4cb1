# METADATA
# title: Patterns
# description: |
#   Says which images a pattern means. A pattern is a repository (any tag), a path and /* (everything below), a reference
#   with tag or digest (exactly this), or * (everything). Patterns are read as images are, so postgres means
#   docker.io/library/postgres, and are matched whole: there is no prefix that ends inside a name.
package lib.pattern

import data.lib.image

# METADATA
# description: A pattern in canonical form; undefined for what is no pattern.
canonical("*") := "*"

canonical(written) := concat("", [above, "*"]) if {
	endswith(written, "/*")
	probe := image.parts(concat("", [trim_suffix(written, "*"), "a/b"]))
	above := trim_suffix(probe.repository, "a/b")
} else := parts.repository if {
	parts := _parts(written)
	parts.bare
} else := image.identity(_parts(written))

# METADATA
# description: Whether a pattern means an image, for images as lib.image reads them.
means(written, parts) if {
	known := canonical(written)
	known in (exact(parts) | paths(parts, depths([known])))
}

# METADATA
# description: |
#   The last part of a pattern, without tag and digest: "*", or the name of every image that it means. Reading a pattern is
#   dear, and a constraint may have hundreds; this is cheap, and says which to leave out.
name(written) := regex.replace(written, `^.*/|[:@].*$`, "")

# METADATA
# description: A pattern in canonical form without its tag or digest.
repository(canonical_) := regex.replace(canonical_, `@.*$|:[^/:]*$`, "")

# METADATA
# description: |
#   What every image begins with that a pattern in canonical form may mean, where $ marks the end of the image. They are
#   always three, so that one that is missing is seen. A digest may be that of any tag of its repository, and a tag that
#   of any digest. What is not certain to be another image counts as meant.
beginnings(canonical_) := [concat("", [canonical_, "$"]), others, others] if {
	other := {":": "@", "@": ":"}[substring(canonical_, count(repository(canonical_)), 1)]
	others := concat("", [repository(canonical_), other])
} else := [
	trim_suffix(concat("", [canonical_, "$"]), "*$"),
	concat("", [repository(canonical_), ":"]),
	concat("", [repository(canonical_), "@"]),
]

# METADATA
# description: The patterns in canonical form that mean an image and have its name.
exact(parts) := {parts.repository, image.identity(parts)}

# METADATA
# description: |
#   The patterns in canonical form that mean an image and end in "*": "*" itself, and the paths above the image that have one
#   of these depths. Who compares many images with many patterns asks for these, and looks them up.
paths(parts, depths_) := {"*"} | {path |
	names := split(parts.repository, "/")
	some depth in depths_
	depth < count(names)
	path := concat("/", array.concat(array.slice(names, 0, depth), ["*"]))
}

# METADATA
# description: The depths of the paths among patterns in canonical form; that of host/* is 1.
depths(canonicals) := {depth |
	some written in canonicals
	endswith(written, "/*")
	depth := strings.count(written, "/")
}

# The kubelet takes the bare name of a registry for one of Docker Hub's images. As a pattern it is meant as the registry, so
# it is neither.
_parts(written) := image.parts(written) if {
	regex.match(`^(?:localhost|[^/:@]*\.[^/:@]*)(?:[:@][^/]*)?$`, written) == false
}
