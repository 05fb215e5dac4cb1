package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/signatures"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// quirks are registries that do not answer to the letter, and are understood.
func quirks() map[string]struct {
	match rig.Match
	fault rig.Fault
} {
	type quirk = struct {
		match rig.Match
		fault rig.Fault
	}
	head, get := rig.Match{Method: http.MethodHead}, rig.Match{Method: http.MethodGet, Path: "/manifests/"}
	all := map[string]quirk{
		"HEAD without digest":         {head, rig.Without("Docker-Content-Digest")},
		"HEAD without length":         {head, rig.Without("Content-Length")},
		"HEAD as JSON":                {head, rig.Header("Content-Type", "application/json")},
		"GET without length":          {get, rig.Without("Content-Length")},
		"GET without digest":          {get, rig.Without("Docker-Content-Digest")},
		"GET as JSON":                 {get, rig.Header("Content-Type", "application/json")},
		"a list as JSON":              {rig.Match{Class: rig.ClassReferrers}, rig.Header("Content-Type", "application/json")},
		"a list without types":        {rig.Match{Class: rig.ClassReferrers}, rig.Untyped()},
		"a list by tag as JSON":       {rig.Match{Class: rig.ClassReferrersTag, Method: http.MethodGet}, rig.Header("Content-Type", "application/json; charset=utf-8")},
		"a list by tag, no types":     {rig.Match{Class: rig.ClassReferrersTag, Method: http.MethodGet}, rig.Untyped()},
		"a list by tag, in chunks":    {rig.Match{Class: rig.ClassReferrersTag, Method: http.MethodGet}, rig.Without("Content-Length")},
		"no API in other words (400)": {rig.Match{Class: rig.ClassReferrers}, rig.Status(400, nil)},
	}
	for _, tc := range []struct {
		name   string
		status int
	}{{"HEAD refused (403)", 403}, {"HEAD refused (405)", 405}, {"HEAD refused (501)", 501}} {
		all[tc.name] = quirk{head, rig.Status(tc.status, nil)}
	}
	return all
}

func TestOddRegistriesAreSignedInAndListed(t *testing.T) {
	for name, c := range quirks() {
		for _, kind := range []rig.Kind{rig.API, rig.Tag} {
			if kind == rig.API && strings.HasPrefix(name, "no API") {
				continue // it would take the signature for its API's list and then not have it
			}
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				b := newBench(t)
				image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: kind}), "staging/a", "1")
				image.Registry.Inject(c.match, c.fault)
				b.must(b.sign(image).err)
				b.must(b.sign(image).err)
				if infos := b.infos(image); len(infos) != 2 || infos[0].Error != "" || infos[1].Error != "" {
					t.Errorf("listed %+v", infos)
				}
				image.Registry.LiftAll()
				if _, err := b.verify(image); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A registry that may hide signatures is told of, beside what it lists.
func TestWhatMayBeHiddenIsTold(t *testing.T) {
	b := newBench(t)
	registry := b.Registry(rig.RegistryOptions{})
	image, bare := b.PushImage(registry, "staging/a", "1"), b.PushImage(registry, "staging/a", "2")
	b.Sign(image, rig.Signature{Listed: rig.ListedTag})
	registry.Inject(rig.Match{Class: rig.ClassReferrers}, rig.Status(403, nil))

	got := b.list(image, "-o", "json")
	var infos []signatures.Info
	b.must(json.Unmarshal([]byte(got.out), &infos))
	if len(infos) != 1 || !errors.Is(got.err, images.ErrIncomplete) || !strings.Contains(got.err.Error(), "403") {
		t.Errorf("listed %+v, error %v", infos, got.err)
	}
	b.fails(b.list(bare), cli.ExitFailed, "listing the signatures", "403")

	// The list afterwards shows whether the signature can be found.
	signing := b.sign(image, "--referrers", "auto")
	if signing.err == nil || !strings.Contains(signing.err.Error(), "cannot be found again") {
		t.Errorf("error %v: what the API hides cannot be found", signing.err)
	}
	if !strings.Contains(signing.notes, images.ErrIncomplete.Error()) {
		t.Errorf("stderr %q", signing.notes)
	}
	out, code := inspected(t, append(registryFlags(t, registry), image.Tagged())...)
	if code != cli.ExitFailed || !strings.Contains(out, images.ErrIncomplete.Error()) || !strings.Contains(out, string(rules.RoleSigner)) {
		t.Errorf("%d: %s", code, out)
	}
}

// In the tag schema the list is read before it is written: what cannot be understood must not be written over.
func TestAnOddListLosesNoSignature(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault rig.Fault
	}{
		{"JSON", rig.Header("Content-Type", "application/json")}, {"chunks", rig.Without("Content-Length")}, {"no digest", rig.Without("Docker-Content-Digest")},
	} {
		b := newBench(t)
		image := b.PushImage(b.Registry(rig.RegistryOptions{Kind: rig.Tag}), "staging/a", "1")
		b.must(b.sign(image).err)
		image.Registry.Inject(rig.Match{Class: rig.ClassReferrersTag}, tc.fault)
		b.must(b.sign(image).err)
		image.Registry.LiftAll()
		if infos := b.infos(image); len(infos) != 2 {
			t.Errorf("%s: listed %+v", tc.name, infos)
		}
	}
}
