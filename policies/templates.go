// Package policies holds the constraint templates, as they are generated from the
// Rego beside them, for programs that bring Gatekeeper's engine along.
package policies

import "embed"

// Templates are the generated ConstraintTemplates: <policy>/template.yaml.
//
//go:embed signedimages/template.yaml pinnedimages/template.yaml
var Templates embed.FS
