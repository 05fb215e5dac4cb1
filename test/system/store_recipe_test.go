//go:build valkey

package system

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/redis"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const recipe = "../../charts/notation-provider/examples/valkey"

// recipeLines are the lines of the recipe's valkey.conf, with files of the test's in the place of its own, and the port left to
// the test.
func recipeLines(t *testing.T, files *strings.Replacer) (lines []string) {
	t.Helper()
	for line := range strings.Lines(string(rig.Must(os.ReadFile(filepath.Join(recipe, "valkey.conf")))(t))) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "port ") && !strings.HasPrefix(line, "tls-port ") {
			lines = append(lines, files.Replace(line))
		}
	}
	return lines
}

// The recipe of the chart, to the letter: over TLS our user reads and writes our keys, and may do nothing else.
func TestTheRecipeForValkey(t *testing.T) {
	const password, user = "0123456789abcdef", "notation-provider"
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put := func(name, content string) {
		if err := os.WriteFile(at(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	authority := rig.Must(ca.NewRoot(ca.Options{}))(t)
	files := identityFiles(t, dir, "tls", rig.Must(authority.Server(ca.Options{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}))(t))
	put("ca.crt", string(ca.EncodeCertificates(authority.Cert)))
	put("password", password)
	hash := sha256.Sum256([]byte(password))
	acl := rig.Must(os.ReadFile(filepath.Join(recipe, "users.acl")))(t)
	put("users.acl", strings.ReplaceAll(string(acl), "SHA256-OF-THE-PASSWORD", hex.EncodeToString(hash[:])))
	server := redis.Start(t, redis.Options{
		TLS: &tls.Config{RootCAs: ca.Pool(authority.Cert), ServerName: "127.0.0.1"}, Username: user, Password: password,
		Lines: recipeLines(t, strings.NewReplacer("/tls/tls.crt", files.CertFile, "/tls/tls.key", files.KeyFile, "/tls/ca.crt", at("ca.crt"), "/etc/valkey/users.acl", at("users.acl"), "/data", dir)),
	})

	s := newShared(t, 3, func(v *config.EvidenceValkey) {
		v.Addresses, v.Username, v.PasswordFile, v.TLS.CAFile = []string{server.Addr}, user, at("password"), at("ca.crt")
		v.Prefix = config.Default().Cache.Evidence.Valkey.Prefix
	})
	first := s.replica(t)
	rig.Until(t, "all are verified at first", func() bool { return s.verified(t, first) })
	rig.Until(t, "all are written", func() bool {
		return first.metric(t, `notation_provider_evidence_store_requests_total{operation="write",outcome="done"}`) == len(s.known)
	})
	stop(t, first)
	defer s.registry.Inject(rig.Match{}, rig.Cut())()
	second := s.replica(t)
	rig.Until(t, "all are verified from the store", func() bool { return s.verified(t, second) })
	if failed := second.metric(t, `notation_provider_evidence_store_requests_total{operation="read",outcome="error"}`); failed > 0 {
		t.Errorf("%d reads failed", failed)
	}
	stop(t, second)

	for _, forbidden := range []string{
		"get other:key", "set other:key x", "getex other:key", "del notation-provider:a", "keys *", "scan 0", "flushall", "flushdb", "config get *", "acl list", "acl whoami",
		"client list", "info", "ping", "subscribe a", "publish a b", "eval return(1) 0", "monitor", "shutdown", "debug sleep 0", "expire notation-provider:a 1",
		"append notation-provider:a x", "select 1", "replicaof no one", "module list", "save", "script flush",
	} {
		var words []any
		for _, word := range strings.Fields(forbidden) {
			words = append(words, word)
		}
		if err := server.Admin.Do(t.Context(), words...).Err(); err == nil || !strings.HasPrefix(err.Error(), "NOPERM") {
			t.Errorf("%s: %v", forbidden, err)
		}
	}
}
