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
means(written, parts) if canonical(written) in _meaning(parts)

# METADATA
# description: |
#   An expression that matches every pattern that means an image, and few others. Reading a pattern is dear, and a
#   constraint may have hundreds; this is how to leave out most. A dot in the name matches more than it should, no less.
hint(parts) := concat("", [`\*$|`, parts.name])

# The canonical form of every pattern that means an image.
_meaning(parts) := {"*", parts.repository, image.identity(parts)} | {below |
	names := split(parts.repository, "/")
	some depth in numbers.range(1, count(names) - 1)
	below := concat("/", array.concat(array.slice(names, 0, depth), ["*"]))
}

# The kubelet takes the bare name of a registry for one of Docker Hub's images. Whoever writes it as a pattern means the
# registry, so it is neither.
_parts(written) := image.parts(written) if not regex.match(`^(?:localhost|[^/:@]*\.[^/:@]*)(?:[:@][^/]*)?$`, written)
