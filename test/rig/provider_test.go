package rig_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestTheRealServer(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the server")
	}
	binary, err := rig.Build(t.Context(), t.TempDir(), "notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("judges what the rig signs", func(t *testing.T) { judges(t, binary) })
	t.Run("says why it cannot start", func(t *testing.T) { cannotStart(t, binary) })
}

func judges(t *testing.T, binary string) {
	w := rig.ForTest(t)
	open := w.Registry(rig.RegistryOptions{})
	private := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token})
	plain := w.Registry(rig.RegistryOptions{PlainHTTP: true})
	registries := []*rig.Registry{open, private, plain}
	var signed []string
	for _, r := range registries {
		image := w.PushImage(r, "production/a", "1")
		w.Sign(image, rig.Signature{})
		signed = append(signed, image.Tagged())
	}
	unsigned := w.PushImage(open, "production/b", "1").Pinned()

	p := w.Provider(rig.ProviderOptions{Binary: binary, Registries: registries})
	gatekeeper := p.GatekeeperClient()
	t.Cleanup(gatekeeper.Close)
	answer, err := gatekeeper.Validate(t.Context(), append(signed, unsigned)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range signed {
		if item := answer.Items[key]; item.Error != "" || item.Value == nil {
			t.Errorf("%s: %+v", key, item)
		}
	}
	if item := answer.Items[unsigned]; !strings.HasPrefix(item.Error, "unsigned: ") {
		t.Errorf("%s: %+v", unsigned, item)
	}
	if answer.SystemError != "" || len(answer.Keys) != 4 {
		t.Errorf("answer %+v", answer)
	}
	if body := get200(t, p.AdminURL+"/metrics"); !strings.Contains(body, "notation_provider_") {
		t.Errorf("metrics %q", body)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if err := p.Kill(); err != nil {
		t.Errorf("killing what has stopped: %v", err)
	}
	if !strings.Contains(p.Log(), `"draining"`) || !strings.Contains(p.Log(), `"stopped"`) {
		t.Errorf("stopped without saying draining and stopped: %s", p.Log())
	}
}

func get200(t *testing.T, url string) string {
	t.Helper()
	response, err := http.DefaultClient.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, %v", url, response.Status, err)
	}
	return string(body)
}

func cannotStart(t *testing.T, binary string) {
	w := rig.ForTest(t)
	for _, c := range []struct {
		name string
		opts rig.ProviderOptions
		want string
	}{
		{"a wrong configuration", rig.ProviderOptions{Edit: func(c *config.Config) { c.AnswerWithin = -1 }}, "answerWithin"},
		{"no trust", rig.ProviderOptions{Edit: func(c *config.Config) { c.Trust.PolicyFile = "nowhere.json" }}, "nowhere.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opts.Binary, c.opts.Dir = binary, filepath.Join(t.TempDir(), "made")
			p, err := w.Env.Provider(t.Context(), c.opts)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("provider %v, error %v", p, err)
			}
		})
	}
	if _, err := w.Env.Provider(t.Context(), rig.ProviderOptions{Binary: "/nowhere"}); err == nil {
		t.Error("started a binary that is not there")
	}
}
