//go:build valkey

package system

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/redis"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// All replicas restart while the registry is down, and known images go on: their signatures are in the store that the
// replicas share.
func TestReplicasRestartDuringAnOutageWithValkey(t *testing.T) {
	server := redis.Start(t, redis.Options{})
	s := newShared(t, 20, alone(server))
	stop(t, s.filled(t, server))

	defer s.registry.Inject(rig.Match{}, rig.Cut())()
	for range 2 {
		p := s.replica(t)
		rig.Until(t, "all are verified during the outage", func() bool { return s.verified(t, p) })
		s.judges(t, p)
		if got := hits(t, p); got < len(s.known) {
			t.Errorf("%d signatures came from the store, want %d", got, len(s.known))
		}
		stop(t, p)
	}
}

// After a roll-out ten replicas together ask the registry as often as one did: the store has what the old one verified.
func TestTenReplicasAskAsOftenAsOne(t *testing.T) {
	server := redis.Start(t, redis.Options{})
	s := newShared(t, 10, alone(server))
	old := s.filled(t, server)
	one := s.registry.Count()
	if one == 0 {
		t.Fatal("the first replica asked nothing")
	}
	for range 10 { // one after the other, as a Deployment does
		p := s.replica(t)
		for _, key := range s.known {
			// A busy machine may not read an entry in 50 ms: then the registry is asked, which this counts.
			if _, ok := good(p.validate(t, key), key); !ok {
				t.Errorf("%s is not verified", key)
			}
		}
		stop(t, p)
	}
	stop(t, old)
	if asked := s.registry.Count() - one; asked > one {
		t.Errorf("ten replicas made %d requests, one made %d", asked, one)
	} else {
		t.Logf("ten replicas made %d requests, one made %d", asked, one)
	}
}

// Whatever happens to the store: no wrong verdict, none lost, and no image that is in memory is answered later.
func TestBadDaysOfTheStore(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, server *redis.Server)
	}{
		{"down", func(_ *testing.T, server *redis.Server) { server.Kill() }},
		{"halted", func(_ *testing.T, server *redis.Server) { server.Stop() }},
		{"paused", func(_ *testing.T, server *redis.Server) { server.Do("client", "pause", 600_000, "all") }},
		{"full", func(_ *testing.T, server *redis.Server) {
			server.Do("config", "set", "maxmemory-policy", "noeviction", "maxmemory", "1")
		}},
		{"wiped", func(_ *testing.T, server *redis.Server) { server.Do("flushall") }},
		{"giant", func(_ *testing.T, server *redis.Server) {
			for _, key := range server.Keys() {
				server.Do("setrange", key, 8<<20, "x")
			}
		}},
		{"other text", func(t *testing.T, server *redis.Server) {
			each(t, server, func(string, string) string { return "session=4711" })
		}},
		{"other types", func(_ *testing.T, server *redis.Server) {
			for _, key := range server.Keys() {
				server.Do("del", key)
				server.Do("hset", key, "a", "b")
			}
		}},
		{"entries of other images", func(t *testing.T, server *redis.Server) {
			var last string
			for _, key := range server.Keys() {
				_, last = entryOf(t, server.Do("get", key).(string))
			}
			each(t, server, func(_, value string) string { frame, _ := entryOf(t, value); return frame + last })
		}},
		{"forged envelopes", func(t *testing.T, server *redis.Server) {
			each(t, server, func(_, value string) string {
				middle := len(value) / 2
				return value[:middle] + string('A'+(value[middle]-'A'+1)%26) + value[middle+1:]
			})
		}},
		{"password changed", func(_ *testing.T, server *redis.Server) {
			server.Do("config", "set", "requirepass", "another")
			server.Do("client", "kill", "type", "normal", "skipme", "yes")
		}},
		{"forbidden", func(_ *testing.T, server *redis.Server) {
			server.Do("acl", "setuser", "default", "-getex", "-get", "-set")
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server := redis.Start(t, redis.Options{})
			s := newShared(t, 5, alone(server))
			hot := s.filled(t, server)
			tc.spoil(t, server)

			for range 20 {
				began := time.Now()
				if !s.verified(t, hot) {
					t.Fatal("an image that is in memory is not verified")
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("images in memory took %v", took)
				}
			}
			fresh := signed(t, s.Test, s.registry, rig.Signature{}, "production/fresh", 1)[0].Pinned()
			rig.Until(t, "an image that is new is verified", func() bool {
				_, ok := good(hot.validate(t, fresh), fresh)
				return ok
			})
			s.judges(t, hot)
			stop(t, hot)

			cold := s.replica(t)
			s.judges(t, cold)
			rig.Until(t, "all are verified after a restart", func() bool { return s.verified(t, cold) })
			s.judges(t, cold)
			stop(t, cold)
		})
	}
}

// What the store has of an older trust verifies nothing: each entry is verified again, by what is trusted now.
func TestTheStoreIsJudgedByTodaysTrust(t *testing.T) {
	server := redis.Start(t, redis.Options{})
	s := newShared(t, 5, alone(server))
	stop(t, s.filled(t, server))
	s.trust.Stores["ca:skao-oci"] = s.trust.Stores["ca:skao-oci"][:0:0]
	s.trust.Add("ca:skao-oci", s.NewPKI(rig.PKIOptions{}).Root.Cert)
	p := s.replica(t)
	rig.Until(t, "all are refused", func() bool {
		answer := p.validate(t, s.known...)
		for _, key := range s.known {
			if _, ok := good(answer, key); ok {
				t.Fatalf("%s is verified", key)
			}
			if !strings.HasPrefix(answer.Items[key].Error, "untrusted") {
				return false
			}
		}
		return true
	})
	stop(t, p)
}

// The store fails over by Sentinel or in a Cluster while the registry is down: replicas find what was there before.
func TestTheStoreFailsOver(t *testing.T) {
	local := []string{netip.MustParsePrefix("127.0.0.0/8").String()}
	t.Run("Sentinel", func(t *testing.T) {
		t.Parallel()
		servers := redis.StartReplicated(t)
		failsOver(t, func(v *config.EvidenceValkey) {
			v.Mode, v.Master, v.Addresses = config.ValkeySentinel, redis.MasterName, []string{servers.Sentinel.Addr}
			v.Nodes, v.PlainTextUnsafe = local, true
		}, servers.FailOver, servers.Master)
	})
	t.Run("Cluster", func(t *testing.T) {
		t.Parallel()
		servers := redis.StartCluster(t)
		failsOver(t, func(v *config.EvidenceValkey) {
			v.Mode, v.Addresses = config.ValkeyCluster, []string{servers.Masters[0].Addr, servers.Masters[1].Addr}
			v.Nodes, v.PlainTextUnsafe = local, true
		}, servers.FailOver, servers.Masters...)
	})
}

func failsOver(t *testing.T, valkey func(v *config.EvidenceValkey), failOver func(t *testing.T), masters ...*redis.Server) {
	t.Helper()
	s := newShared(t, 10, valkey)
	old := s.filled(t, masters...)
	masters[0].Do("wait", 1, 0)
	defer s.registry.Inject(rig.Match{}, rig.Cut())()
	failOver(t)
	p := s.replica(t)
	rig.Until(t, "all are verified from what failed over", func() bool { return s.verified(t, p) })
	s.judges(t, p)
	stop(t, old)
	stop(t, p)
}

// A new password in the file is used without a restart, and neither it nor the user is ever in the log.
func TestThePasswordOfTheStoreIsReloaded(t *testing.T) {
	const user, first, second = "evidence-user", "first-password", "second-password"
	server := redis.Start(t, redis.Options{Lines: []string{"user " + user + " on >" + first + " ~" + prefix + "* +getex +get +set"}})
	file := filepath.Join(t.TempDir(), "password")
	put := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(first)
	s := newShared(t, 3, func(v *config.EvidenceValkey) {
		alone(server)(v)
		v.Username, v.PasswordFile = user, file
	})
	p := s.filled(t, server)
	server.Do("acl", "setuser", user, "resetpass", ">"+second)
	server.Do("client", "kill", "user", user)
	fresh := func(n int) {
		image := signed(t, s.Test, s.registry, rig.Signature{}, "production/fresh"+strconv.Itoa(n), 1)[0].Pinned()
		rig.Until(t, "a new image is verified", func() bool { _, ok := good(p.validate(t, image), image); return ok })
	}
	failed := `notation_provider_evidence_store_requests_total{operation="read",outcome="error"}`
	rig.Until(t, "the old password is refused", func() bool { fresh(p.metric(t, failed)); return p.metric(t, failed) > 0 })
	put(second)
	n := 1000
	rig.Until(t, "the new password is used", func() bool { n++; fresh(n); return len(server.Keys()) > len(s.known) })
	quietly(t, p, user, first, second)
	stop(t, p)
}

// The breaker opens for a store that is down, which metrics and log tell, and closes when it is back.
func TestTheBreakerOfTheStoreIsTold(t *testing.T) {
	server := redis.Start(t, redis.Options{})
	s := newShared(t, 3, alone(server))
	p := s.filled(t, server)
	server.Kill()
	open := `notation_provider_evidence_store_circuit_open{operation="read"}`
	n := 0
	asks := func() {
		n++
		image := signed(t, s.Test, s.registry, rig.Signature{}, "production/next"+strconv.Itoa(n), 1)[0].Pinned()
		p.validate(t, image)
	}
	rig.Until(t, "the breaker is open", func() bool { asks(); return p.metric(t, open) == 1 })
	rig.Until(t, "the log tells", func() bool { return strings.Contains(p.Log(), "evidence store failing") })
	server.Run()
	rig.Until(t, "the breaker is closed", func() bool { asks(); return p.metric(t, open) == 0 })
	rig.Until(t, "the log tells", func() bool { return strings.Contains(p.Log(), "evidence store works again") })
	stop(t, p)
}

// The store proves who it is: with another CA, another name or an ended certificate it is not asked, and images go on.
func TestTheStoreProvesWhoItIs(t *testing.T) {
	authority := rig.Must(ca.NewRoot(ca.Options{NotBefore: time.Now().Add(-72 * time.Hour)}))(t)
	stranger := rig.Must(ca.NewRoot(ca.Options{}))(t)
	for _, c := range []struct {
		name       string
		options    ca.Options
		trusted    *ca.CA
		serverName string
		used       bool
	}{
		{"good", ca.Options{}, authority, "", true},
		{"another CA", ca.Options{}, stranger, "", false},
		{"another name", ca.Options{}, authority, "valkey.example.org", false},
		{"ended", ca.Options{NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour)}, authority, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, files := secured(t, authority, c.options)
			trusted := filepath.Join(t.TempDir(), "ca.crt")
			if err := os.WriteFile(trusted, ca.EncodeCertificates(c.trusted.Cert), 0o600); err != nil {
				t.Fatal(err)
			}
			s := newShared(t, 2, func(v *config.EvidenceValkey) {
				v.Addresses = []string{server.Addr}
				v.TLS = config.ValkeyTLS{CAFile: trusted, ServerName: c.serverName, ClientCertFile: files.CertFile, ClientKeyFile: files.KeyFile}
			})
			p := s.replica(t)
			rig.Until(t, "all are verified", func() bool { return s.verified(t, p) })
			written := `notation_provider_evidence_store_requests_total{operation="write",outcome="`
			outcome := map[bool]string{true: "done", false: "error"}
			rig.Until(t, "each was written or refused", func() bool { return p.metric(t, written+outcome[c.used]+`"}`) >= len(s.known) })
			if wrong := p.metric(t, written+outcome[!c.used]+`"}`); wrong > 0 && !c.used || slices.Contains([]int{0}, len(server.Keys())) == c.used {
				t.Errorf("%d wrong outcomes; the store has %d entries", wrong, len(server.Keys()))
			}
			stop(t, p)
		})
	}
}
