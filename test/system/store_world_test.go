//go:build valkey

package system

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/redis"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const prefix = "evidence:"

// shared is a world with a store that all replicas share.
type shared struct {
	*rig.Test

	registry *rig.Registry
	known    []string // signed images, by digest
	unsigned string
	valkey   func(v *config.EvidenceValkey)
	trust    rig.Trust
}

func newShared(t *testing.T, images int, valkey func(v *config.EvidenceValkey)) *shared {
	t.Helper()
	s := &shared{Test: rig.ForTest(t), valkey: valkey}
	s.registry = s.Registry(rig.RegistryOptions{})
	for _, image := range signed(t, s.Test, s.registry, rig.Signature{}, "production/app", images) {
		s.known = append(s.known, image.Pinned())
	}
	s.unsigned = s.PushImage(s.registry, "production/unsigned", "1").Pinned()
	s.trust = s.Trust("*")
	return s
}

// alone is a store of one server.
func alone(s *redis.Server) func(v *config.EvidenceValkey) {
	return func(v *config.EvidenceValkey) { v.Addresses, v.PlainTextUnsafe = []string{s.Addr}, true }
}

func (s *shared) replica(t *testing.T) *process {
	t.Helper()
	return startProcess(t, s.Test, rig.ProviderOptions{Trust: s.trust, Registries: []*rig.Registry{s.registry}, Edit: func(c *config.Config) {
		c.AnswerWithin, c.VerifyWithin, c.RequestTimeout = config.Duration(20*time.Second), config.Duration(20*time.Second), config.Duration(time.Second)
		c.Reload = config.Duration(50 * time.Millisecond)
		e := &c.Cache.Evidence
		e.Store, e.Valkey.Prefix = config.StoreValkey, prefix
		s.valkey(&e.Valkey)
		c.Log.Level = "debug"
	}})
}

// verified tells whether all known images are.
func (s *shared) verified(t *testing.T, p *process) bool {
	t.Helper()
	answer := p.validate(t, s.known...)
	for _, key := range s.known {
		if _, ok := good(answer, key); !ok {
			return false
		}
	}
	return true
}

// filled starts a replica and has it verify all, until the servers hold so many entries.
func (s *shared) filled(t *testing.T, servers ...*redis.Server) *process {
	t.Helper()
	p := s.replica(t)
	rig.Until(t, "all are verified at first", func() bool { return s.verified(t, p) })
	rig.Until(t, "each is in the store", func() bool {
		count := 0
		for _, server := range servers {
			count += len(server.Keys())
		}
		return count == len(s.known)
	})
	return p
}

// judges fails if an unsigned image is verified, or a known one refused.
func (s *shared) judges(t *testing.T, p *process) {
	t.Helper()
	answer := p.validate(t, append([]string{s.unsigned}, s.known...)...)
	if _, ok := good(answer, s.unsigned); ok {
		t.Error("an unsigned image is verified")
	}
	for _, key := range s.known {
		if item, settled := answer.Items[key]; settled && item.Error != "" {
			t.Errorf("%s is refused: %s", key, item.Error)
		}
	}
}

// hits is how many signatures a replica had from the store.
func hits(t *testing.T, p *process) int {
	t.Helper()
	return p.metric(t, `notation_provider_cache_events_total{event="hit",memory="evidence-store"}`)
}

// each changes every value of ours in the store.
func each(t *testing.T, server *redis.Server, change func(key, value string) string) {
	t.Helper()
	for _, key := range server.Keys() {
		value, _ := server.Do("get", key).(string)
		server.Do("set", key, change(key, value))
	}
}

// entryOf splits a value into what stands before the entry, which names its key, and the entry.
func entryOf(t *testing.T, value string) (frame, entry string) {
	t.Helper()
	i := strings.Index(value, "\n{")
	if i < 0 {
		t.Fatalf("a value of another form: %q", value)
	}
	return value[:i+1], value[i+1:]
}

func quietly(t *testing.T, p *process, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if log := p.Log(); strings.Contains(log, secret) {
			t.Errorf("the log has %q: %s", secret, log)
		}
	}
}

// secured is a server that speaks TLS alone, and wants a certificate of the authority, as it has one itself. The files are
// a client's.
func secured(t *testing.T, authority *ca.CA, o ca.Options) (server *redis.Server, files rig.ServerFiles) {
	t.Helper()
	o.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	dir := t.TempDir()
	own := identityFiles(t, dir, "server", rig.Must(authority.Server(o))(t))
	client := rig.Must(authority.Client(ca.Options{}))(t)
	files = identityFiles(t, dir, "client", client)
	trusted := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(trusted, ca.EncodeCertificates(authority.Cert), 0o600); err != nil {
		t.Fatal(err)
	}
	return redis.Start(t, redis.Options{
		TLS: &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{client.TLS()}},
		Lines: []string{
			"tls-cert-file " + own.CertFile, "tls-key-file " + own.KeyFile, "tls-ca-cert-file " + trusted, "tls-auth-clients yes",
		},
	}), files
}

func identityFiles(t *testing.T, dir, name string, id *ca.Identity) rig.ServerFiles {
	t.Helper()
	files := rig.ServerFiles{CertFile: filepath.Join(dir, name+".crt"), KeyFile: filepath.Join(dir, name+".key")}
	for _, tc := range []struct {
		path    string
		content []byte
	}{{files.CertFile, ca.EncodeCertificates(id.Chain...)}, {files.KeyFile, rig.Must(ca.EncodeKey(id.Key))(t)}} {
		if err := os.WriteFile(tc.path, tc.content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
