# METADATA
# title: Image references
# description: |
#   Reads an image reference as the kubelet reads it, and as the provider does: a test holds the two to one answer.
package lib.image

# METADATA
# description: |
#   The parts of a reference, in their canonical form; undefined for what is no reference. bare says that the reference
#   names neither a tag nor a digest; name is the last part of the repository.
parts(written) := {
	"host": host,
	"repository": repository,
	"name": regex.replace(path, `^.*/`, ""),
	"tag": tag,
	"digest": digest,
	"bare": version == "",
} if {
	count(written) <= 1024
	not regex.match(_identifier, written)
	[[_, domain, path, version]] := regex.find_all_string_submatch_n(_grammar, _qualified(written), 1)
	[[_, name, digest]] := regex.find_all_string_submatch_n(_version, version, 1)
	host := _host(domain)
	repository := _repository(host, path)
	_fits(host, repository)
	tag := _tag(version, name)
}

# METADATA
# description: |
#   What a reference stands for: its digest, which makes a tag beside it mere decoration, else its tag.
identity(image) := concat("@", [image.repository, image.digest]) if {
	image.digest != ""
} else := concat(":", [image.repository, image.tag])

# What container runtimes print for images without a name. Some run an image by it, whoever made it.
_identifier := `^(?:sha256:)?[0-9a-f]{64}$`

# Container runtimes dial a host with an underscore, though the grammar of references takes it for a part of the path.
_grammar := concat("", [
	`^((?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`,
	`|[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)`,
	`/([a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)`,
	`((?::[\w.-]+)?(?:@[\w:]+)?)$`,
])

_version := `^(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$`

# A name without a host is one of Docker Hub's.
_qualified(written) := written if {
	_names_host(split(written, "/"))
} else := concat("/", ["docker.io", written])

_names_host(components) if {
	count(components) > 1
	_looks_like_host(components[0])
}

_looks_like_host("localhost")

_looks_like_host(component) if regex.match(`[.:]`, component)

_looks_like_host(component) if lower(component) != component

_host(domain) := object.get({"index.docker.io": "docker.io"}, host, host) if {
	host := trim_suffix(lower(domain), ":443")
}

_repository("docker.io", path) := concat("/", ["docker.io", "library", path]) if {
	not contains(path, "/")
} else := concat("/", ["docker.io", path])

_repository(host, path) := concat("/", [host, path]) if host != "docker.io"

_fits(host, repository) if {
	count(repository) - count(host) <= 256
	not contains(host, "_")
}

_fits(_, repository) if count(repository) <= 255

_tag("", _) := "latest"

_tag(version, name) := name if version != ""
