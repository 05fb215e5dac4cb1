//go:build valkey

package valkey_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/evidence/valkey"
	"gitlab.com/ska-telescope/notation-provider/test/redis"
)

// options are those of a server that asks for nothing.
func options(s *redis.Server) valkey.Options { return plainText(s.Addr) }

// settled waits until an operation succeeds.
func settled(t *testing.T, what string, f func() error) {
	t.Helper()
	var err error
	defer func() {
		if err != nil {
			t.Log(err)
		}
	}()
	redis.Until(t, what, func() bool { err = f(); return err == nil })
}

func write(t *testing.T, s *valkey.Storage, key, value string) {
	t.Helper()
	settled(t, "it is written", func() error { return s.Write(key, []byte(value)) })
}

// reads waits until the value is read.
func reads(t *testing.T, s *valkey.Storage, key, value string) {
	t.Helper()
	settled(t, "it is read", func() error {
		got, err := s.Read(key)
		if err == nil && string(got) != value {
			t.Fatalf("got %q, want %q", got, value)
		}
		return err
	})
}

func missing(t *testing.T, s *valkey.Storage, key string) {
	t.Helper()
	settled(t, "there is nothing", func() error {
		got, err := s.Read(key)
		if err == nil {
			t.Fatalf("got %q", got)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// What is written is read until its time is over, and each read begins that again.
func TestWhatIsWrittenIsReadForItsTime(t *testing.T) {
	server := redis.Start(t, redis.Options{})
	s := open(t, options(server))
	missing(t, s, key)
	value := strings.Repeat("\x00\r\n$-1", entry/6)
	write(t, s, key, value)
	if keys := server.Keys(); len(keys) != 1 || keys[0] != "np:"+key {
		t.Errorf("the server has %q", keys)
	}
	server.Do("expire", "np:"+key, 5)
	reads(t, s, key, value)
	if left := server.Admin.TTL(t.Context(), "np:"+key).Val(); left < 59*time.Minute || left > time.Hour {
		t.Errorf("it is kept for %v more", left)
	}
	server.Do("flushall")
	missing(t, s, key)
}

// Another's data under our key is a miss, and is written over: other text, another type, and the entry of another key.
func TestAnothersDataIsAMiss(t *testing.T) {
	server := redis.Start(t, redis.Options{})
	s := open(t, options(server))
	write(t, s, "other@sha256:1", "value")
	of := server.Do("get", "np:other@sha256:1").(string)
	for _, tc := range []struct {
		name string
		put  func()
	}{
		{"text", func() { server.Do("set", "np:"+key, "text") }},
		{"empty", func() { server.Do("set", "np:"+key, "") }},
		{"other key", func() { server.Do("set", "np:"+key, of) }},
	} {
		tc.put()
		missing(t, s, key)
		write(t, s, key, tc.name)
		reads(t, s, key, tc.name)
	}
	server.Do("del", "np:"+key)
	server.Do("lpush", "np:"+key, "a")
	if _, err := s.Read(key); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("a list: %v", err)
	}
	write(t, s, key, "again")
	reads(t, s, key, "again")
}

// A value beyond the bound is not read, also where it is half a gigabyte; the next read is well.
func TestAGiantValueIsNotRead(t *testing.T) {
	server := redis.Start(t, redis.Options{})
	s := open(t, options(server))
	write(t, s, "good@sha256:1", "good")
	server.Do("set", "np:"+key, string(bytes.Repeat([]byte("x"), 4*entry)))
	server.Do("setrange", "np:giant@sha256:1", 512<<20-1, "x")
	for _, key := range []string{key, "giant@sha256:1"} {
		before := allocated()
		_, err := s.Read(key)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", key, err)
		}
		if took := allocated() - before; took > 4<<20 {
			t.Errorf("%s: %d bytes were allocated", key, took)
		}
		reads(t, s, "good@sha256:1", "good")
	}
}

// A server that is full takes nothing new, and is read all the same. One that is slow is given up.
func TestAFullServerIsRead(t *testing.T) {
	server := redis.Start(t, redis.Options{Lines: []string{"maxmemory-policy noeviction"}})
	s := open(t, options(server))
	write(t, s, key, "value")
	server.Do("config", "set", "maxmemory", 1)
	if err := s.Write("new@sha256:1", []byte("x")); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("a write: %v", err)
	}
	reads(t, s, key, "value")
	server.Do("config", "set", "maxmemory", 0)
	write(t, s, "new@sha256:1", "x")
}

// A server that answers late is given up, and works again later.
func TestASlowServerIsGivenUp(t *testing.T) {
	server := redis.Start(t, redis.Options{})
	s := open(t, options(server))
	write(t, s, key, "value")
	goOn := server.Stop()
	began := time.Now()
	if _, err := s.Read(key); err == nil {
		t.Error("a halted server was read")
	}
	if err := s.Write("other@sha256:1", nil); err == nil { // it may be written when the server goes on
		t.Error("a halted server was written to")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	goOn()
	reads(t, s, key, "value")
	server.Kill()
	if _, err := s.Read(key); err == nil {
		t.Error("a dead server was read")
	}
	server.Run()
	missing(t, s, key)
}

// What the master had when it died is read from the one that Sentinel makes the next, and new entries are written there.
func TestSentinelFailsOver(t *testing.T) {
	servers := redis.StartReplicated(t)
	o := options(servers.Sentinel)
	o.Mode, o.Master, o.Nodes = valkey.Sentinel, redis.MasterName, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s := open(t, o)
	write(t, s, key, "value")
	servers.Master.Do("wait", 1, 0)
	servers.FailOver(t)
	reads(t, s, key, "value")
	write(t, s, "new@sha256:1", "x")
	if keys := servers.Replica.Keys(); len(keys) != 2 {
		t.Errorf("the new master has %q", keys)
	}
}

// A Sentinel cannot lead to an address that is not named.
func TestSentinelLeadsToNamedNetworksOnly(t *testing.T) {
	servers := redis.StartReplicated(t)
	o := options(servers.Sentinel)
	o.Mode, o.Master, o.Nodes = valkey.Sentinel, redis.MasterName, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	if _, err := open(t, o).Read(key); err == nil || !strings.Contains(err.Error(), "names neither this address nor a network") {
		t.Error(err)
	}
	o.Master = "unknown"
	if _, err := open(t, o).Read(key); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// Entries are spread over the nodes of a Cluster, and are read after one of them has failed over.
func TestClusterFailsOver(t *testing.T) {
	servers := redis.StartCluster(t)
	o := options(servers.Masters[1])
	o.Addresses = append(o.Addresses, servers.Masters[2].Addr)
	o.Mode, o.Nodes = valkey.Cluster, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s := open(t, o)
	keys := strings.Fields("a@sha256:1 b@sha256:2 c@sha256:3 d@sha256:4 e@sha256:5 f@sha256:6 g@sha256:7 h@sha256:8")
	for _, key := range keys {
		write(t, s, key, "value of "+key)
	}
	for i, node := range servers.Masters {
		if len(node.Keys()) == 0 {
			t.Errorf("master %d has no key", i)
		}
	}
	servers.Masters[0].Do("wait", 1, 0)
	servers.FailOver(t)
	for _, key := range keys {
		reads(t, s, key, "value of "+key)
		write(t, s, key, "new")
		reads(t, s, key, "new")
	}
}
