// Package signatures signs images in their registries, and lists the signatures that they have. It verifies nothing.
package signatures
