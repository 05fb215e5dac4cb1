# METADATA
# title: A constraint's parameters
# description: |
#   Those that every policy about images has. The API server holds constraints to the template's schema; no policy may
#   depend on it.
package lib.parameters

import data.lib.pattern

# METADATA
# description: Whether the parameters say which images the constraint governs.
sound if {
	is_array(_images)
	count(_images) > 0
	every written in _images {
		pattern.canonical(written)
	}
}

# METADATA
# description: Whether the constraint governs an image, for images as lib.image reads them.
governs(parts) if {
	some written in _images
	pattern.means(written, parts)
}

# METADATA
# description: Where people get help; empty if the constraint does not say.
default support := ""

support := input.parameters.support if is_string(input.parameters.support)

default _images := ["*"]

_images := input.parameters.images
