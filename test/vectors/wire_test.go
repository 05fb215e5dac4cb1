package vectors_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
	"gitlab.com/ska-telescope/notation-provider/test/vectors"
)

// wireRung asks the real server as Gatekeeper does.
type wireRung struct {
	scene *vectors.Scene
	asker *rig.GatekeeperClient
}

func (p *servers) onWire(t *testing.T, s *vectors.Scene, questions []vectors.Question) rung {
	t.Helper()
	return &wireRung{scene: s, asker: p.of(t, s, questions).asker}
}

// ask asks twice. What is settled is remembered: the same answer, without a request for it. What is undecided is not.
func (r *wireRung) ask(t *testing.T, q vectors.Question) {
	t.Helper()
	before := r.scene.Asked()
	first := r.validate(t, q.Key)
	check(t, r.scene, q, q.Expect, first)
	untouched(t, r.scene, q, first, before)

	between := r.scene.Asked()
	second := r.validate(t, q.Key)
	check(t, r.scene, q, q.Expect, second)
	if first.Cause != "" {
		return
	}
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%q: the second answer is %+v, the first was %+v", short(q.Key), second, first)
	}
	if asked := r.scene.Asked() - between; asked > 0 {
		t.Errorf("%q: %d requests about what was just settled", short(q.Key), asked)
	}
}

// mended asks until the answer is settled: what was under way may still be.
func (r *wireRung) mended(t *testing.T, q vectors.Question) {
	t.Helper()
	got := r.validate(t, q.Key)
	for got.Cause == provider.CauseDeadline {
		got = r.validate(t, q.Key)
	}
	check(t, r.scene, q, q.Mended, got)
}

// validate asks about one image, and holds the answer to its form on the wire.
func (r *wireRung) validate(t *testing.T, key string) heard {
	t.Helper()
	answer, err := r.asker.Validate(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusOK || !answer.Idempotent {
		t.Errorf("%q: answer %+v", short(key), answer)
	}
	if answer.SystemError != "" {
		if len(answer.Keys) > 0 {
			t.Errorf("%q: items %+v beside what is undecided", short(key), answer.Items)
		}
		return undecided(t, key, answer.SystemError)
	}
	item, there := answer.Items[key]
	if !there || len(answer.Keys) != 1 {
		t.Fatalf("%q: answer %+v", short(key), answer)
	}
	if item.Error == "" {
		return verified(t, item.Value)
	}
	reason, detail, ok := strings.Cut(item.Error, ": ")
	if !ok || detail == "" || item.Value != nil || strings.ContainsAny(detail, "\n\r\x00\x1b") {
		t.Errorf("%q: item %+v", short(key), item)
	}
	return refused(provider.Reason(reason), detail)
}

// undecided reads "undecided: <key>: <stage>: <detail>".
func undecided(t *testing.T, key, text string) heard {
	t.Helper()
	rest, ok := strings.CutPrefix(text, "undecided: "+key+": ")
	stage, detail, ok2 := strings.Cut(rest, ": ")
	if !ok || !ok2 || detail == "" {
		t.Errorf("%q: systemError %q", short(key), text)
	}
	return heard{Outcome: vectors.Outcome{Cause: provider.Cause(stage)}, Detail: detail}
}

// verified reads the value of a verified image. A field that is not known, or not there, is an error.
func verified(t *testing.T, wire any) heard {
	t.Helper()
	fields, ok := wire.(map[string]any)
	if !ok {
		t.Fatalf("the value %v is no object", wire)
	}
	for _, name := range []string{"verified", "image", "digest", "policy", "signer", "signerIdentity", "metadata", "signedAt", "warnings"} {
		if fields[name] == nil {
			t.Errorf("the value %v has no %q", wire, name)
		}
	}
	text, err := json.Marshal(wire)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Verified bool      `json:"verified"`
		Image    string    `json:"image"`
		Digest   string    `json:"digest"`
		Policy   string    `json:"policy"`
		Signer   string    `json:"signer"`
		SignedAt time.Time `json:"signedAt"`
		Until    time.Time `json:"until"`
		Warnings []string  `json:"warnings"`

		Metadata       map[string]string   `json:"metadata"`
		SignerIdentity map[string][]string `json:"signerIdentity"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Errorf("the value %v: %v", wire, err)
	}
	return heard{Outcome: vectors.Outcome{Reason: provider.Verified}, Value: value(got)}
}
