# METADATA
# title: Image references
# description: |
#   Reads an image reference as the kubelet reads it, and as the provider does. A test holds the two to one answer.
package lib.image

import data.lib.words

# METADATA
# description: |
#   The parts of a reference, in their canonical form; undefined for what is no reference. name is the last part of the
#   repository. bare says that the reference names neither a tag nor a digest.
parts(written) := read if {
	read := _read(written)
	read != null
}

# Unlike parts, it has a value for what is no reference, and OPA remembers values alone: so each is read once.
default _read(_) := null

_read(written) := {
	"host": host,
	"repository": repository,
	"name": name,
	"tag": {true: "latest", false: tag}[bare],
	"digest": digest,
	"bare": bare,
} if {
	count(written) <= 1024
	regex.match(_image_id, written) == false
	[[_, domain, above, name, tag, digest]] := regex.find_all_string_submatch_n(_reference, written, 1)
	count(tag) <= 128
	regex.match(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})?$`, digest)
	dialled := trim_suffix(lower(domain), ":443")
	host := object.get({"": "docker.io", "index.docker.io": "docker.io"}, dialled, dialled)
	slash := object.get({"docker.io": "/library/"}, concat("", [host, above]), "/") # where no path stands between
	repository := concat("", [host, slash, above, name])
	_fits(host, repository)
	bare := [tag, digest] == ["", ""]
}

# METADATA
# description: Which part of a name that is no reference is wrong, in one line that repeats none of it.
problem(written) := [text |
	some [condition, unless, text] in words.names
	regex.match(condition, written)
	not _spared(unless, written)
][0]

_spared(unless, written) if {
	unless != ""
	regex.match(unless, written)
}

# METADATA
# description: |
#   What a reference stands for: its digest, which makes a tag beside it mere decoration, else its tag.
identity(image) := concat("@", [image.repository, image.digest]) if {
	image.digest != ""
} else := concat(":", [image.repository, image.tag])

# An image ID, whole or its first digits. Container runtimes run any image on the node by it: SECURITY.md has the source. The
# algorithms are those of their digest library.
_image_id := `^(?:sha(?:256|384|512):[0-9a-fA-F]*(?:@|$)|[0-9a-fA-F]{64}$)`

# Captures host, path, name, tag and digest. A name without a host is one of Docker Hub's. The part before the first slash is
# a host if it has a dot, a port or a capital, or is localhost. Container runtimes dial a host with an underscore too, though
# the grammar of references takes it for a part of the path. A port has no zero before it: it would be the same port by
# another name.
_reference := concat("", [
	`^(?:(`,
	_label, `(?:\.`, _label, `)*:`, _port, `|`,
	_label, `(?:\.`, _label, `)+|`,
	`\[[a-fA-F0-9:]+\](?::`, _port, `)?|`,
	`localhost|`,
	`(?:[a-z0-9][a-z0-9-]*)?[A-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?|`,
	_component, `\.`, _component,
	`)/)?((?:`, _component, `/)*)(`, _component, `)`,
	`(?::(\w[\w.-]*))?(?:@((?:sha256|sha512):[0-9a-f]+))?$`,
])

_label := `[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`

_component := `[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`

_port := `(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))`

# A path has 255 characters at most; where the host has an underscore, host and path together.
_fits(_, repository) if count(repository) <= 255

_fits(host, repository) if {
	count(repository) - count(host) <= 256
	not contains(host, "_")
}
