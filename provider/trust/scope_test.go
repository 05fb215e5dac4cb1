package trust_test

import (
	"regexp"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// The exact scope beats the longest prefix which beats the wildcard.
func TestTheMostSpecificScopeWins(t *testing.T) {
	f := newFiles(t)
	f.policy(
		statement("any", "*"),
		statement("host", "harbor.skao.int/*"),
		statement("exact", "harbor.skao.int/production/ska-tango", "harbor.skao.int/top"),
		statement("production", "harbor.skao.int/production/*"),
		statement("port", "harbor.skao.int:8443/*"),
		statement("hub", "docker.io/library/*"),
		statement("local", "localhost/*", "[::1]:5000/*"),
	)
	s := f.load()
	for _, tc := range []struct{ image, want string }{
		{"harbor.skao.int/production/ska-tango", "exact"},
		{"harbor.skao.int/production/ska-tango/child", "production"},
		{"harbor.skao.int/production/ska-tango-2", "production"},
		{"harbor.skao.int/production/ska", "production"},
		{"harbor.skao.int/production", "host"},
		{"harbor.skao.int/production-evil/ska-tango", "host"},
		{"harbor.skao.int/productio/n", "host"},
		{"harbor.skao.int/evil/production/ska-tango", "host"},
		{"harbor.skao.int/top", "exact"},
		{"harbor.skao.int/top/child", "host"},
		{"HARBOR.skao.int:443/production/x", "production"},
		{"harbor.skao.int:8443/production/ska-tango", "port"},
		{"harbor.skao.int:84/production/ska-tango", "any"},
		{"harbor.skao.int.evil.io/production/x", "any"},
		{"evil.io/harbor.skao.int/production/x", "any"},
		{"evil-harbor.skao.int/production/x", "any"},
		{"skao.int/production/x", "any"},
		{"postgres", "hub"},
		{"bitnami/postgres", "any"},
		{"localhost/x", "local"},
		{"[::1]:5000/x", "local"},
		{"[::1]:5001/x", "any"},
	} {
		read, err := provider.ParseImage(tc.image)
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := s.Find(read.Repository); !ok || p.Name() != tc.want {
			t.Errorf("%s: got %v, want %s", tc.image, p.Name(), tc.want)
		}
	}
}

// A name that only looks like one in scope is out of scope.
func TestASimilarNameIsOutOfScope(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("skao", "harbor.skao.int/production/*", "artefact.skao.int/ska"))
	s := f.load()
	for _, image := range []string{
		"harbor.skao.int/production",
		"harbor.skao.int/production-evil/x",
		"harbor.skao.int/productionx/x",
		"harbor.skao.int/staging/production/x",
		"harbor.skao.int:8443/production/x",
		"harbor.skao.int.evil.io/production/x",
		"evil.io/harbor.skao.int/production/x",
		"xharbor.skao.int/production/x",
		"harbor-skao.int/production/x",
		"skao.int/production/x",
		"production/x",
		"artefact.skao.int/ska/child",
		"artefact.skao.int/ska-evil",
		"artefact.skao.int/sk",
		"artefact.skao.int",
	} {
		read, err := provider.ParseImage(image)
		if err != nil {
			t.Fatal(err)
		}
		if p, ok := s.Find(read.Repository); ok {
			t.Errorf("%s is covered by %s", image, p.Name())
		}
	}
}

// A scope that would never match is refused with what to write.
func TestAScopeThatNeverMatchesIsRefused(t *testing.T) {
	write := regexp.MustCompile(`(?:write|names is) (\S+)$`)
	for _, tc := range []struct{ scope, want string }{
		{"harbor.skao.int", `names no repository; for all of a registry write harbor.skao.int/*`},
		{"harbor.skao.int:8443", `names no repository; for all of a registry write harbor.skao.int:8443/*`},
		{"localhost", `names no repository; for all of a registry write localhost/*`},
		{"postgres", `is never matched: the image it names is docker.io/library/postgres`},
		{"bitnami/postgres", `is never matched: the image it names is docker.io/bitnami/postgres`},
		{"bitnami/*", `is never matched: the image it names is docker.io/bitnami/*`},
		{"docker.io/postgres", `is never matched: the image it names is docker.io/library/postgres`},
		{"index.docker.io/*", `is never matched: the image it names is docker.io/*`},
		{"Harbor.skao.int/production/*", `is never matched: the image it names is harbor.skao.int/production/*`},
		{"harbor.skao.int:443/x", `is never matched: the image it names is harbor.skao.int/x`},
		{"harbor.skao.int/x:1.0", `is never matched: the image it names is harbor.skao.int/x`},
		{"harbor.skao.int/x@sha256:" + zeros, `is never matched: the image it names is harbor.skao.int/x`},
	} {
		f := newFiles(t)
		f.policy(statement("skao", tc.scope))
		message := f.refused(`: statement "skao": registry scope "` + tc.scope + `" ` + tc.want)
		if found := write.FindStringSubmatch(message); found == nil {
			t.Errorf("%s: %q says nothing to write", tc.scope, message)
		} else {
			f.policy(statement("skao", found[1]))
			f.load() // what it says to write is good
		}
	}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func TestAScopeThatIsNoRepositoryIsRefused(t *testing.T) {
	for _, tc := range []struct{ scope, want string }{
		{"harbor.skao.int/*/ska", "a wildcard may only stand alone or end a path"},
		{"*.skao.int/production", "a wildcard may only stand alone or end a path"},
		{"*/*", "a wildcard may only stand alone or end a path"},
		{"**", "a wildcard may only stand alone or end a path"},
		{"harbor.skao.int*", "a wildcard may only stand alone or end a path"},
		{"harbor.skao.int/prod*", "a wildcard may only stand alone or end a path"},
		{"harbor.skao.int/*/*", "a wildcard may only stand alone or end a path"},
		{"", "is not a repository"},
		{"/", "is not a repository"},
		{"/*", "is not a repository"},
		{"harbor.skao.int/", "is not a repository"},
		{"harbor.skao.int//*", "is not a repository"},
		{"harbor.skao.int/x/", "is not a repository"},
		{"https://harbor.skao.int/x", "is not a repository"},
		{"https://harbor.skao.int/*", "is not a repository"},
		{"user@harbor.skao.int/x", "is not a repository"},
		{"harbor.skao.int/x:1/*", "is not a repository"},
		{" harbor.skao.int/x", "is not a repository"},
		{"harbor.skao.int/x\n", "is not a repository"},
		{"harbor.skao.int/Production/*", "the repository has capitals"},
		{"harbor.skao.int/../production", "is not a repository"},
		{"sha256:" + zeros, "names no repository"},
	} {
		f := newFiles(t)
		f.policy(statement("skao", tc.scope))
		f.refused(tc.want, `statement "skao": registry scope "`)
	}
}

func TestAScopeBelongsToOneStatementOnce(t *testing.T) {
	for _, c := range []struct {
		name       string
		statements []trustpolicy.TrustPolicy
		want       string
	}{
		{"two statements", []trustpolicy.TrustPolicy{statement("a", "harbor.skao.int/x"), statement("b", "harbor.skao.int/x")}, `statement "b": registry scope "harbor.skao.int/x" is taken, by statement "a"`},
		{"two wildcards", []trustpolicy.TrustPolicy{statement("a", "*"), statement("b", "*")}, `statement "b": registry scope "*" is taken, by statement "a"`},
		{"two prefixes", []trustpolicy.TrustPolicy{statement("a", "a.io/*"), statement("b", "a.io/*")}, `registry scope "a.io/*" is taken`},
		{"twice in one", []trustpolicy.TrustPolicy{statement("a", "a.io/x", "a.io/x")}, `statement "a": registry scope "a.io/x" is taken, by statement "a"`},
		{"wildcard and another", []trustpolicy.TrustPolicy{statement("a", "*", "a.io/x")}, `registry scope "*" covers every repository; leave out its other scopes`},
		{"wildcard and a prefix", []trustpolicy.TrustPolicy{statement("a", "a.io/*", "*")}, `registry scope "*" covers every repository; leave out its other scopes`},
		{"none", []trustpolicy.TrustPolicy{statement("a")}, `statement "a": it has no registryScopes`},
		{"two of one name", []trustpolicy.TrustPolicy{statement("a", "a.io/x"), statement("a", "a.io/y")}, `statement "a": another statement has its name`},
		{"no name", []trustpolicy.TrustPolicy{statement("", "a.io/x")}, `missing a name`},
		{"no statements", nil, "no trustPolicies: nothing would be in scope"},
		{"no statements in a row", []trustpolicy.TrustPolicy{}, "no trustPolicies: nothing would be in scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFiles(t)
			f.policy(c.statements...)
			f.refused(c.want)
		})
	}
}
