package main

import (
	"bytes"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// changes has a line for each key that a reload applies.
var changes = map[string]string{
	"answerWithin":          "answerWithin: 1s",
	"mutateWithin":          "mutateWithin: 1s",
	"verifyWithin":          "verifyWithin: 20s",
	"requestTimeout":        "requestTimeout: 1s",
	"limits.requestBytes":   "limits: {requestBytes: 1KiB}",
	"limits.keys":           "limits: {keys: 7}",
	"limits.concurrent":     "limits: {concurrent: 77}",
	"limits.perRegistry":    "limits: {perRegistry: 7}",
	"limits.signatures":     "limits: {signatures: 7}",
	"limits.envelope":       "limits: {envelope: 7KiB}",
	"cache.entries":         "cache: {entries: 7}",
	"cache.verified":        "cache: {verified: 7s}",
	"cache.refused":         "cache: {refused: 7s}",
	"cache.tags":            "cache: {tags: 7s}",
	"cache.evidence.memory": "cache: {evidence: {memory: 7MiB}}",
	"trust.policyFile":      "trust: {policyFile: other.json}",
	"trust.storeDir":        "trust: {storeDir: other}",
	"registries":            "registries: [{host: other.example.org}]",
	"egress.allow":          "egress: {allow: [crl.example.org]}",
	"dockerConfigs":         "dockerConfigs: [docker.json]",
	"log.level":             "log: {level: warn}",
}

const tlsFiles = "tls: {certFile: tls.crt, keyFile: tls.key, clientCAFile: ca.crt}\n"

// A key that somebody adds is applied by a reload, or the file says that it wants a restart.
func TestEachKeyIsAppliedAsItSays(t *testing.T) {
	parse := func(text string) config.Config {
		c, err := config.Parse([]byte(tlsFiles + text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	was := parse("")
	for _, key := range config.Keys() {
		line, ok := changes[key.Name]
		switch {
		case ok == key.Restart:
			t.Errorf("%s: it wants a restart: %t; it is among those that a reload changes: %t", key.Name, key.Restart, ok)
		case key.Restart || key.Name == "log.level": // which TestTheConfigurationIsReloaded holds
		case reflect.DeepEqual(settingsOf(was), settingsOf(parse(line))):
			t.Errorf("%s: no room is told of %s", key.Name, line)
		}
	}
}

// reloading is a configuration that was loaded from a good folder, and what it logs.
func reloading(t *testing.T) (c *configuration, write func(text string), logged *bytes.Buffer) {
	t.Helper()
	from := goodSource(t)
	logged = &bytes.Buffer{}
	log := slog.New(slog.NewTextHandler(logged, nil))
	a, err := assemble(from.config, newMetrics(), nil, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	return newConfiguration(from, a, log), func(text string) {
		if err := os.WriteFile(from.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}, logged
}

func TestTheConfigurationIsReloaded(t *testing.T) {
	c, write, logged := reloading(t)
	for _, step := range []struct {
		name, text string
		changed    bool
		wrong      string
		keys       int // limits.keys in force after it
		notes      []string
	}{
		{"nothing new", goodConfig, false, "", 256, nil},
		{"another bound and level", goodConfig + "limits: {keys: 7}\nlog: {level: warn}\n", true, "", 7, nil},
		{"not YAML", goodConfig + "limits: {keys: 8", false, "is not YAML", 7, nil},
		{"unknown key", goodConfig + "limits: {keys: 8}\nnonsense: 1\n", false, `unknown key "nonsense"`, 7, nil},
		{"docker config is missing", goodConfig + "limits: {keys: 8}\ndockerConfigs: [none.json]\n", false, "none.json", 7, nil},
		{"trust policy is missing", goodConfig + "limits: {keys: 8}\ntrust: {policyFile: none.json}\n", false, "none.json", 7, nil},
		{"key is missing", strings.Replace(goodConfig, "tls.key", "none.key", 1) + "limits: {keys: 8}\n", false, "would not start again", 7, nil},
		{"the old one", goodConfig + "limits: {keys: 7}\nlog: {level: warn}\n", false, "", 7, nil},
		{"other listener", strings.Replace(goodConfig, "127.0.0.1:0", "127.0.0.1:1", 1) + "limits: {keys: 9}\n", true, "", 9, []string{"listen changed; restart to apply"}},
		{"listener as it was", goodConfig, true, "", 256, nil},
	} {
		write(step.text)
		changed, err := c.Reload()
		if changed != step.changed || (err == nil) != (step.wrong == "") || err != nil && !strings.Contains(err.Error(), step.wrong) {
			t.Errorf("%s: changed %t, %v", step.name, changed, err)
		}
		if c.app.settings.requests.keys != step.keys || !slices.Equal(c.Notes(), step.notes) {
			t.Errorf("%s: limits.keys is %d, and noted is %q", step.name, c.app.settings.requests.keys, c.Notes())
		}
		if quiet := strings.Contains(c.inForce.Log.Level, "warn"); quiet != (c.level.Level() == slog.LevelWarn) {
			t.Errorf("%s: the level of the log is %v", step.name, c.level.Level())
		}
	}
	if logged.Len() > 0 {
		t.Errorf("what was in force before is told: %s", logged)
	}
	write(goodConfig + "cache: {verified: 2h}\n")
	if _, err := c.Reload(); err != nil || !strings.Contains(logged.String(), "cache.verified: a revoked certificate") {
		t.Errorf("%v: logged is %q", err, logged)
	}
}
