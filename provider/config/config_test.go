package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

const minimal = "tls: {certFile: a, keyFile: b, clientCAFile: c}\n"

func parse(t *testing.T, yaml string) config.Config {
	t.Helper()
	c, err := config.Parse([]byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheTLSFilesAreAllThatMustBeGiven(t *testing.T) {
	want := config.Default()
	want.TLS.CertFile, want.TLS.KeyFile, want.TLS.ClientCAFile = "a", "b", "c"
	if got := parse(t, minimal); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnEmptyValueMeansTheDefault(t *testing.T) {
	got := parse(t, minimal+`
listen: ""
answerWithin:
limits: {keys: ~, requestBytes: ""}
cache: {}
registries: []
log: {level: ""}
`)
	if want := parse(t, minimal); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestValuesReplaceDefaultsOneByOne(t *testing.T) {
	got := parse(t, minimal+`
answerWithin: 900ms
limits: {requestBytes: 64KiB, keys: 7}
registries:
  - {host: docker.io, mirror: "mirror.example.org:5000", mirrorOnly: true}
  - {host: "mirror.example.org:5000", referrers: both, plainHTTPUnsafe: true}
dockerConfigs: [one.json, two.json]
`)
	want := parse(t, minimal)
	want.AnswerWithin = config.Duration(900 * time.Millisecond)
	want.Limits.RequestBytes, want.Limits.Keys = 64<<10, 7
	want.DockerConfigs = []string{"one.json", "two.json"}
	want.Registries = []config.Registry{
		{Host: "docker.io", Mirror: "mirror.example.org:5000", MirrorOnly: true, Referrers: config.ReferrersAuto},
		{Host: "mirror.example.org:5000", Referrers: config.ReferrersBoth, PlainHTTPUnsafe: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "config.yaml")
	write(t, file, `
tls: {certFile: tls/tls.crt, keyFile: /elsewhere/tls.key, clientCAFile: ../ca.crt}
registries: [{host: harbor.skao.int, caFile: harbor.pem}]
dockerConfigs: [config.json]
cache:
  evidence:
    store: valkey
    valkey:
      mode: sentinel
      master: m
      addresses: ["v:6379"]
      passwordFile: password
      sentinelPasswordFile: sentinel
      tls: {caFile: v.pem, clientCertFile: client.crt, clientKeyFile: client.key}
`)
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	valkey := c.Cache.Evidence.Valkey
	for _, tc := range []struct{ got, want string }{
		{valkey.PasswordFile, filepath.Join(folder, "password")},
		{valkey.SentinelPasswordFile, filepath.Join(folder, "sentinel")},
		{valkey.TLS.CAFile, filepath.Join(folder, "v.pem")},
		{valkey.TLS.ClientCertFile, filepath.Join(folder, "client.crt")},
		{valkey.TLS.ClientKeyFile, filepath.Join(folder, "client.key")},
		{c.TLS.CertFile, filepath.Join(folder, "tls/tls.crt")},
		{c.TLS.KeyFile, "/elsewhere/tls.key"},
		{c.TLS.ClientCAFile, filepath.Join(filepath.Dir(folder), "ca.crt")},
		{c.Trust.PolicyFile, folder},
		{c.Trust.StoreDir, filepath.Join(folder, "truststore")},
		{c.Registries[0].CAFile, filepath.Join(folder, "harbor.pem")},
		{c.DockerConfigs[0], filepath.Join(folder, "config.json")},
	} {
		if tc.got != tc.want {
			t.Errorf("got %s, want %s", tc.got, tc.want)
		}
	}
}

func TestEachLineOfALoadErrorNamesTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, "reload: 0s\n")
	_, err := config.Load(file)
	if err == nil {
		t.Fatal("a file without certificates was accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 4 {
		t.Errorf("got %d problems, want 4: %v", len(lines), err)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, file+": ") {
			t.Errorf("line without the file's name: %s", line)
		}
	}
}

// A pipe would be waited for, and a device has no end.
func TestOnlyARegularFileIsRead(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, "/dev/zero", t.TempDir()} {
		if _, err := config.Load(path); err == nil || !strings.Contains(err.Error(), path+": it is") || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("got %v", err)
		}
	}
}

func TestAFileThatIsMissingOrHugeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if _, err := config.Load(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("missing file: %v", err)
	}
	write(t, file, strings.Repeat("#", 1<<20+1))
	if _, err := config.Load(file); err == nil || !strings.Contains(err.Error(), "larger than 1048576 bytes") {
		t.Errorf("huge file: %v", err)
	}
}

func TestDangerousSettingsInForceAreListed(t *testing.T) {
	c := parse(t, minimal+`registries: [{host: a.example.org}, {host: b.example.org, plainHTTPUnsafe: true}]
cache: {evidence: {store: valkey, valkey: {addresses: ["v:6379"], plainTextUnsafe: true}}}`)
	got := c.Unsafe()
	if len(got) != 2 || !strings.Contains(got[1], "cache.evidence.valkey.plainTextUnsafe") || !strings.Contains(got[0], "registries[1].plainHTTPUnsafe: b.example.org") {
		t.Errorf("got %q", got)
	}
	if got := config.Default().Unsafe(); len(got) > 0 {
		t.Errorf("the default has dangerous settings: %q", got)
	}
}

func TestLoggerHasTheLevelAndTheForm(t *testing.T) {
	var out strings.Builder
	log := config.Log{Level: "warn", Format: "text"}.Logger(&out)
	log.Info("quiet")
	log.Warn("loud")
	if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "level=WARN msg=loud") {
		t.Errorf("got %q", got)
	}
	out.Reset()
	config.Default().Log.Logger(&out).Info("hello")
	if got := out.String(); !strings.Contains(got, `"msg":"hello"`) {
		t.Errorf("got %q", got)
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
