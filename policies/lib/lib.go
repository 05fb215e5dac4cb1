// Package lib holds the policy library, for programs that make templates outside this repository. It is the Rego that
// policies import as data.lib.PACKAGE, and the parameters that they have in common.
package lib

import "embed"

// Files are parameters.yaml, and PACKAGE/PACKAGE.rego with its tests beside it.
//
//go:embed parameters.yaml */*.rego
var Files embed.FS
