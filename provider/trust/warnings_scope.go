package trust

import (
	"fmt"
	"strings"
)

// warnOfScopes tells of each scope that takes images from a scope of another statement. The wildcard
// is left out: it is for what no other scope covers.
func (s *Snapshot) warnOfScopes() []string {
	var found []string
	for _, p := range s.policies {
		for _, scope := range p.statement.RegistryScopes {
			around, other := s.around(scope)
			if other == nil || other == p {
				continue
			}
			found = append(found, fmt.Sprintf("policy %q: its registry scope %q takes images from policy %q, which has %q: the most specific scope counts",
				p.Name(), scope, other.Name(), around))
		}
	}
	return found
}

// around returns the scope that would cover what a scope covers if that were not there, and its statement.
func (s *Snapshot) around(scope string) (string, *Policy) {
	for path := strings.TrimSuffix(scope, below); ; {
		slash := strings.LastIndexByte(path, '/')
		if slash < 0 {
			return "", nil
		}
		path = path[:slash]
		if p, ok := s.scopes[path+below]; ok {
			return path + below, p
		}
	}
}
