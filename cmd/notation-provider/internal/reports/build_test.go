package reports_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

type object = map[string]any

const (
	one = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	two = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
	day = 24 * time.Hour
)

func now() time.Time { return time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC) }

// pod is one with a container, whose runtime reports a digest if one is given.
func pod(namespace, name, image, digest string) object {
	made := object{
		"kind": "Pod", "metadata": object{"namespace": namespace, "name": name},
		"spec": object{"containers": []any{object{"name": "main", "image": image}}},
	}
	if digest != "" {
		made["status"] = object{"phase": "Running", "containerStatuses": []any{object{"name": "main", "imageID": "any/name@" + digest}}}
	}
	return made
}

func exceptionFor(image, expires string, namespaces ...any) any {
	e := object{"image": image, "reason": "SEC-1", "expires": expires}
	if len(namespaces) > 0 {
		e["namespaces"] = namespaces
	}
	return e
}

// constraint is SignedImages with an action, for some namespaces.
func constraint(name, action string, namespaces []any, exceptions ...any) object {
	return object{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "SignedImages", "metadata": object{"name": name},
		"spec": object{"enforcementAction": action, "match": object{"namespaces": namespaces}, "parameters": object{"provider": "p", "exceptions": exceptions}},
	}
}

func collect(t *testing.T, objects ...object) *reports.Collection {
	t.Helper()
	var c reports.Collection
	for _, o := range objects {
		if err := c.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

// verified is the verdict on a digest that lapses after some time.
func verified(digest string, by provider.LapseBy, in time.Duration) reports.Verdict {
	return reports.Verdict{
		Outcome: reports.Verified, Reason: provider.Verified, Digest: digest, Policy: "skao", Signer: "CN=SKAO OCI Signer,O=SKAO",
		Lapses: []provider.Lapse{{By: provider.LapseRevocation, At: now().Add(time.Hour)}, {By: by, At: now().Add(in)}},
	}
}

func refused() reports.Verdict {
	return reports.Verdict{Outcome: reports.Refused, Reason: provider.Unsigned, Detail: "no signature is associated with this digest"}
}

// What is asked about is the digest that runs, and beside it what the tag stands for now. Nothing is asked twice.
func TestTheDigestThatRunsIsAskedAbout(t *testing.T) {
	c := collect(t,
		pod("tango", "a", "skao.int/a:1", one), pod("tango", "b", "skao.int/a:1", one), pod("web", "c", "skao.int/a:1", two),
		pod("tango", "d", "skao.int/b@"+two, one), pod("tango", "e", "skao.int/c", ""), pod("tango", "f", "no image", one), pod("tango", "g", "docker.io/library/d:1", ""), pod("tango", "h", "d:1", ""),
	)
	want := []string{"skao.int/a@" + one, "skao.int/a:1", "skao.int/a@" + two, "skao.int/b@" + two, "skao.int/c", "no image", "docker.io/library/d:1"}
	if got := c.Keys(); !slices.Equal(got, want) {
		t.Errorf("asked\n%q\nwant\n%q", got, want)
	}
	r := c.Build(map[string]reports.Verdict{"skao.int/a@" + one: verified(one, provider.LapseSigner, day), "skao.int/a:1": verified(two, provider.LapseSigner, day), "skao.int/a@" + two: verified(two, provider.LapseSigner, day)}, now(), day)
	moved := map[string]bool{}
	for _, i := range r.Images {
		moved[i.Image+" "+i.Running] = i.Moved()
	}
	if !moved["skao.int/a:1 "+one] || moved["skao.int/a:1 "+two] || r.Summary.Moved != 1 || r.Summary.Images != 6 {
		t.Errorf("moved %v; %+v", moved, r.Summary)
	}
	if got := r.Images[slices.IndexFunc(r.Images, func(i reports.Image) bool { return i.Running == one && i.Image == "skao.int/a:1" })].Uses; len(got) != 2 {
		t.Errorf("used by %+v", got)
	}
}

// An image without an answer is undecided: nothing but a verdict verifies it.
func TestWhatWasNotAnsweredIsUndecided(t *testing.T) {
	c := collect(t, pod("tango", "a", "skao.int/a:1", ""))
	for _, tc := range []struct {
		name     string
		verdicts map[string]reports.Verdict
	}{{"none", nil}, {"of another", map[string]reports.Verdict{"skao.int/a:2": verified(one, provider.LapseSigner, day)}}} {
		r := c.Build(tc.verdicts, now(), day)
		if r.Images[0].Outcome != reports.Undecided || r.Summary.Verified != 0 || r.Worst(0, 4, 3) != 4 {
			t.Errorf("%s: %+v", tc.name, r.Images[0])
		}
	}
	strange := c.Build(map[string]reports.Verdict{"skao.int/a:1": {Outcome: "fine"}}, now(), day)
	if strange.Summary.Verified != 0 || strange.Summary.Refused != 1 || strange.Worst(0, 4, 3) != 3 {
		t.Errorf("%+v", strange.Summary)
	}
}

// What must be looked at comes first.
func TestImagesToLookAtComeFirst(t *testing.T) {
	c := collect(t, constraint("a", "deny", nil, exceptionFor("skao.int/excepted", "never")),
		pod("t", "a", "skao.int/good", ""), pod("t", "b", "skao.int/excepted", ""), pod("t", "c", "skao.int/undecided", ""), pod("t", "d", "skao.int/refused", ""), pod("t", "e", "", ""))
	r := c.Build(map[string]reports.Verdict{"skao.int/good": verified(one, provider.LapseSigner, day), "skao.int/excepted": refused(), "skao.int/refused": refused(), "": refused()}, now(), day)
	var got []string
	for _, i := range r.Images {
		got = append(got, i.Image)
	}
	if want := []string{"", "skao.int/refused", "skao.int/undecided", "skao.int/excepted", "skao.int/good"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	want := reports.Summary{Images: 5, Verified: 1, Refused: 3, Undecided: 1, Excepted: 1, Soon: 1, Objects: 5, Namespaces: 1}
	if r.Summary != want {
		t.Errorf("%+v", r.Summary)
	}
}

// The end to act on is the first that no CA renews by itself. That decides --fail-within.
func TestListsThatAreRenewedAreNoLapse(t *testing.T) {
	c := collect(t, pod("t", "a", "skao.int/a", ""))
	for _, by := range provider.Lapses() {
		r := c.Build(map[string]reports.Verdict{"skao.int/a": verified(one, by, 10*day)}, now(), 30*day)
		if got, want := r.Images[0].Lapse != nil, !by.Renewed(); got != want || r.EndsSoon() != want || (r.Summary.Soon == 1) != want {
			t.Errorf("%s: lapse %+v", by, r.Images[0].Lapse)
		}
		if r := c.Build(map[string]reports.Verdict{"skao.int/a": verified(one, by, 31*day)}, now(), 30*day); r.EndsSoon() {
			t.Errorf("%s: 31 days are soon", by)
		}
	}
}

// A report that is printed as JSON is the same when it is read again, in this version only.
func TestTheJSONIsReadAgain(t *testing.T) {
	r := collect(t, constraint("a", "deny", nil, exceptionFor("*", "never")), pod("t", "a", "skao.int/a:1", two)).
		Build(map[string]reports.Verdict{"skao.int/a@" + two: verified(one, provider.LapseSigner, day)}, now(), day)
	var out bytes.Buffer
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	again, err := reports.Parse(out.Bytes())
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("%v\n%+v\n%+v", err, again, r)
	}
	if strings.Contains(out.String(), "null") {
		t.Errorf("a list is null: %s", out.String())
	}
	if _, err := reports.Parse(bytes.Replace(out.Bytes(), []byte(`"version": 1`), []byte(`"version": 2`), 1)); !errors.Is(err, reports.ErrVersion) {
		t.Errorf("another version: %v", err)
	}
	if _, err := reports.Parse([]byte("[]")); err == nil {
		t.Error("a list is no report")
	}
}

// Many are asked about at a time, and not more than that; an end comes between two.
func TestSomeAreAskedAboutAtATime(t *testing.T) {
	keys := make([]string, 50)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	var running, most, told atomic.Int32
	full := make(chan struct{})
	ask := func(_ context.Context, key string) reports.Verdict {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
			if n == 4 {
				close(full)
			}
		}
		<-full // until as many as may run do
		running.Add(-1)
		return reports.Verdict{Detail: key}
	}
	found, err := reports.Ask(t.Context(), keys, 4, ask, func(done int) { told.Store(int32(done)) })
	if err != nil || len(found) != 50 || most.Load() != 4 || told.Load() != 50 || found["7"].Detail != "7" {
		t.Errorf("%v; %d answers, %d at a time, %d told", err, len(found), most.Load(), told.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	_, err = reports.Ask(ctx, keys, 1, func(context.Context, string) reports.Verdict { asked++; cancel(); return reports.Verdict{} }, func(int) {})
	if !errors.Is(err, context.Canceled) || asked > 2 {
		t.Errorf("%v after %d", err, asked)
	}
}
