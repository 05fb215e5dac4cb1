package system

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// document is a configuration, or a part of one, as it is written.
type document = map[string]any

// configuration is the server's as JSON, which is YAML, and of which no part is a configuration.
func (l *life) configuration(t *testing.T, change func(document)) []byte {
	t.Helper()
	var c document
	expect.OK(t, yaml.Unmarshal(read(t, l.file("config.yaml")), &c))
	change(c)
	text, err := json.Marshal(c)
	expect.OK(t, err)
	return text
}

// set sets keys in a group of keys, or at the top where that is "".
func set(c document, group string, values document) {
	into, ok := c[group].(document)
	if !ok {
		into = c
	}
	maps.Copy(into, values)
}

// A registry that the configuration names while the server runs can be asked from then on, a
// broken file changes nothing, and no request meanwhile is affected.
func TestTheConfigurationIsRotatedUnderLoad(t *testing.T) {
	t.Parallel()
	w := rig.ForTest(t)
	late := w.Registry(rig.RegistryOptions{})
	l := start(t, w, options{registries: []*rig.Registry{late}})
	next := l.configuration(t, func(document) {})
	write(t, l.file("config.yaml"), l.configuration(t, func(c document) {
		c["registries"] = slices.DeleteFunc(c["registries"].([]any), func(r any) bool { return r.(document)["host"] == late.Host })
	}))
	canVerify := l.canVerifyAt(late)
	rig.Eventually(t, "the registry cannot be asked", func() error {
		if canVerify(t) == nil {
			return errors.New("it can")
		}
		return nil
	})
	l.rotate(t, rotation{source: "configuration", file: "config.yaml", named: "config.yaml", next: next, missing: canVerify})
}

// Whatever a reload applies is changed again and again under load, and no answer is lost or wrong.
func TestSettingsChangeUnderLoad(t *testing.T) {
	t.Parallel()
	w := rig.ForTest(t)
	l := start(t, w, options{})
	small := l.configuration(t, func(c document) {
		set(c, "", document{"requestTimeout": "14s", "verifyWithin": "20s", "answerWithin": "14s", "mutateWithin": "14s"})
		set(c, "limits", document{"keys": 10, "concurrent": 8, "perRegistry": 4, "signatures": 5, "requestBytes": "64KiB", "envelope": "64KiB"})
		set(c, "cache", document{"entries": 5, "verified": "1s", "refused": "1s", "tags": "1s", "evidence": document{"memory": "1MiB"}})
		set(c, "egress", document{"allow": []string{w.Endpoints.Host, "crl.example.org"}})
		set(c, "log", document{"level": "warn"})
	})
	for round, content := range [][]byte{small, read(t, l.file("config.yaml")), small, read(t, l.file("config.yaml"))} {
		was := l.metric(t, `notation_provider_reloads_total{outcome="changed",source="configuration"}`)
		write(t, l.file("config.yaml"), content)
		rig.Eventually(t, "the configuration is taken", func() error {
			if got := l.metric(t, `notation_provider_reloads_total{outcome="changed",source="configuration"}`); got <= was {
				return fmt.Errorf("round %d: %v changes", round, got)
			}
			return nil
		})
		l.heals(t)
		image := l.PushImage(l.home, "production/fresh", fmt.Sprint(round))
		l.Sign(image, rig.Signature{})
		expect.OK(t, l.notVerified(t, image))
	}
	keys := slices.Repeat([]string{"no image!"}, 11)
	write(t, l.file("config.yaml"), small)
	rig.Eventually(t, "a bound is in force", func() error {
		status, _, err := l.enter(t, l.secured(l.ClientCert), question(about(keys...)))
		if err == nil && status != http.StatusRequestEntityTooLarge {
			err = fmt.Errorf("status %d", status)
		}
		return err
	})
}

func TestWhatWantsARestartIsNamed(t *testing.T) {
	t.Parallel()
	w := rig.ForTest(t)
	l := start(t, w, options{})
	old := read(t, l.file("config.yaml"))
	write(t, l.file("config.yaml"), l.configuration(t, func(c document) {
		set(c, "log", document{"format": "text"})
		set(c, "", document{"reload": "60ms"})
	}))
	rig.Eventually(t, "readiness names the keys", func() error {
		status, text := l.admin(t, "/readyz")
		if want := "ok\nnote: configuration: reload changed; restart to apply\nnote: configuration: log.format changed; restart to apply\n"; status != http.StatusOK || text != want {
			return fmt.Errorf("readiness is %d %q", status, text)
		}
		return nil
	})
	rig.Eventually(t, "the log names the keys", func() error {
		if !strings.Contains(l.server.Log(), "log.format changed; restart to apply") {
			return errors.New("it does not")
		}
		return nil
	})
	write(t, l.file("config.yaml"), old)
	l.heals(t)
}
