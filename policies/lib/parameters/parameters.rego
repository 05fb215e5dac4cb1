# METADATA
# title: A constraint's parameters
# description: |
#   Those that every policy about images has. The API server holds constraints to the template's schema; no policy may
#   depend on it.
package lib.parameters

import data.lib.image
import data.lib.pattern

# METADATA
# description: Whether the parameters say which images the constraint governs.
sound if {
	is_array(_images)
	count(_images) > 0
	count(_beginnings) == 3 * count(_images)
}

# METADATA
# description: |
#   Whether the constraint governs an image, for images as lib.image reads them: true, or false where that is certain.
default governs(_) := true

governs(parts) := false if {
	sound
	written := [concat("", [parts.repository, "$"]), concat("", [image.identity(parts), "$"])]
	strings.any_prefix_match(written, _beginnings) == false
}

# What the images begin with that the patterns may mean.
_beginnings := [beginning |
	some written in _images
	some beginning in pattern.beginnings(pattern.canonical(written))
]

# METADATA
# description: Where people get help; empty if the constraint does not say.
default support := ""

support := input.parameters.support if is_string(input.parameters.support)

default _images := ["*"]

_images := input.parameters.images
