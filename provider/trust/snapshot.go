package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Snapshot is everything that is trusted at one moment. It is immutable.
type Snapshot struct {
	policies []*Policy
	scopes   map[string]*Policy // by the text of a registry scope
	unread   []Unread
	twoFiles string // a warning, where there are two trust policies
	digest   string
}

// Load reads a trust policy and the stores it names. The policy is a file, or the
// folder that holds it under one of notation's names. The error names everything that
// is wrong, a line each.
func Load(policyFile, storeDir string) (*Snapshot, error) {
	file, twoFiles, err := findPolicy(policyFile)
	if err != nil {
		return nil, fmt.Errorf("trust policy: %w", err)
	}
	text, err := regularfile.Read(file, maxFile)
	if err != nil {
		return nil, fmt.Errorf("trust policy: %w", err)
	}
	s := &Snapshot{scopes: map[string]*Policy{}, twoFiles: twoFiles}
	if problems := s.read(text, storeDir); len(problems) > 0 {
		for i, err := range problems {
			problems[i] = fmt.Errorf("trust policy %s: %w", file, err)
		}
		return nil, errors.Join(problems...)
	}
	s.unread = append(s.unreadInStores(), outside(storeDir, s.names)...)
	s.digest = s.sum()
	return s, nil
}

// read takes in the text of a trust policy, or returns everything that is wrong with it.
func (s *Snapshot) read(text []byte, storeDir string) []error {
	doc, problems := parseDocument(text)
	for _, statement := range doc.TrustPolicies {
		p, wrong := newPolicy(statement, storeDir)
		problems = append(problems, wrong...)
		for _, err := range s.add(p) {
			problems = append(problems, p.wrong(err))
		}
	}
	return problems
}

// add takes a statement in, under each of its scopes.
func (s *Snapshot) add(p *Policy) (problems []error) {
	if slices.ContainsFunc(s.policies, func(other *Policy) bool { return other.Name() == p.Name() }) {
		problems = append(problems, errors.New("another statement has its name"))
	}
	s.policies = append(s.policies, p)
	own := p.statement.RegistryScopes
	if len(own) == 0 {
		problems = append(problems, errors.New("it has no registryScopes"))
	}
	if len(own) > 1 && slices.Contains(own, wildcard) {
		problems = append(problems, errors.New("registry scope \"*\" covers every repository; leave out its other scopes, or give them a statement of their own"))
	}
	for _, scope := range own {
		if err := checkScope(scope); err != nil {
			problems = append(problems, err)
			continue
		}
		if other, taken := s.scopes[scope]; taken {
			problems = append(problems, fmt.Errorf("registry scope %q is taken, by statement %q", scope, other.Name()))
			continue
		}
		s.scopes[scope] = p
	}
	return problems
}

// sum identifies the snapshot: two with one sum decide alike in everything, and say the
// same of their files.
func (s *Snapshot) sum() string {
	hash := sha256.New()
	for _, p := range s.policies {
		fmt.Fprintf(hash, "%q %q\n", p.fingerprint, p.statement.RegistryScopes)
	}
	fmt.Fprintf(hash, "%q %q\n", s.unread, s.twoFiles)
	return hex.EncodeToString(hash.Sum(nil))
}

// Policies returns the statements in the order of the file.
func (s *Snapshot) Policies() []*Policy { return slices.Clone(s.policies) }

// Unread returns the files and folders among the trust stores that were not read.
func (s *Snapshot) Unread() []Unread { return slices.Clone(s.unread) }

// names tells whether a statement names a store.
func (s *Snapshot) names(store string) bool {
	return slices.ContainsFunc(s.policies, func(p *Policy) bool { return slices.Contains(p.statement.TrustStores, store) })
}

func (s *Snapshot) unreadInStores() []Unread {
	var all []Unread
	for _, p := range s.policies {
		for _, u := range p.unread {
			if worthTelling(u) && !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	return all
}

// Certificates returns every certificate in the stores that a statement names, once.
func (s *Snapshot) Certificates() []Certificate {
	var all []Certificate
	seen := map[string]bool{}
	for _, p := range s.policies {
		for _, store := range p.statement.TrustStores {
			if !seen[store] {
				seen[store] = true
				all = append(all, p.stores[store]...)
			}
		}
	}
	return all
}
