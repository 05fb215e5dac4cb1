package serving_test

import (
	"bytes"
	"maps"
	"reflect"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

// What was written is read back, in every step.
func TestWrittenAndReadBack(t *testing.T) {
	ca := func() authority.Pair {
		pair, err := authority.NewCA(now, rules().CAValidity)
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	current := ca()
	leaf, err := current.Issue(now, time.Hour, rules().Names)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range serving.Steps() {
		want := serving.State{Current: current, Leaf: leaf, Step: step, Since: now.Add(-time.Second)}
		if step == serving.Staged || step == serving.Distributed {
			want.Next = ca()
		}
		if step == serving.Issued || step == serving.Dropping {
			want.Old, want.OldUntil = append(want.Old, ca().Cert, ca().Cert), now.Add(time.Hour)
		}
		s := empty()
		s.data["other"], s.annotations["other"] = []byte("stays"), "stays"
		want.Write(s.data, s.annotations)
		if got := s.read(now); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %+v, want %+v", step, got, want)
		}
		if string(s.data["other"]) != "stays" || s.annotations["other"] != "stays" {
			t.Errorf("%s: what others wrote is gone", step)
		}
	}
}

// Garbage in any one place of the Secret is repaired by the next action, and a second
// reading finds nothing to repair.
func TestRepairs(t *testing.T) {
	full := empty()
	full.next(t, serving.World{Now: now})
	full.annotations[serving.RotateAnnotation] = "ca"
	full.next(t, holding(full.read(now))) // staged
	old, err := authority.NewCA(now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	full.data[serving.OldKey] = old.CertPEM
	full.annotations[serving.OldUntilAnnotation] = now.Add(time.Hour).Format(time.RFC3339)
	if r := full.read(now).Repairs; len(r) > 0 {
		t.Fatalf("repairs of what is whole: %q", r)
	}
	for _, garbage := range []string{"", "garbage", string(old.CertPEM), string(old.KeyPEM), string(bytes.Repeat(old.CertPEM, 20)), "9999-12-31T00:00:00Z"} {
		for key := range full.data {
			s := secret{maps.Clone(full.data), maps.Clone(full.annotations)}
			s.data[key] = []byte(garbage)
			repaired(t, key+" is "+garbage[:min(10, len(garbage))], s)
		}
		for key := range full.annotations {
			s := secret{maps.Clone(full.data), maps.Clone(full.annotations)}
			s.annotations[key] = garbage
			repaired(t, key+" is "+garbage[:min(10, len(garbage))], s)
		}
	}
}

func repaired(t *testing.T, what string, s secret) {
	t.Helper()
	before := s.read(now)
	for range 3 {
		s.next(t, holding(s.read(now)))
	}
	after := s.read(now)
	if len(after.Repairs) > 0 {
		t.Errorf("%s: still to repair: %q (was %q)", what, after.Repairs, before.Repairs)
	}
	if after.Since.After(now.Add(time.Hour)) {
		t.Errorf("%s: since %s", what, after.Since)
	}
	if after.Current.None() && after.Next.None() {
		t.Errorf("%s: there is no CA", what)
	}
}

// A CA that cannot issue any more is kept as an old one, while it is readable.
func TestUnusableCA(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(s secret)
	}{
		{"no key", func(s secret) { delete(s.data, serving.CAKeyKey) }},
		{"damaged key", func(s secret) { s.data[serving.CAKeyKey] = []byte("damaged") }},
		{"never in force", func(s secret) { delete(s.annotations, serving.InForceAnnotation) }},
	} {
		s := empty()
		s.next(t, serving.World{Now: now})
		ca := s.read(now).Current.Cert
		tc.change(s)
		if read := s.read(now); !read.Current.None() || len(read.Old) != 1 || !read.Old[0].Equal(ca) || read.Step != serving.Issued {
			t.Errorf("%s: %+v", tc.name, read)
		}
		if action := s.next(t, serving.World{Now: now}); action.Name != "repair" {
			t.Errorf("%s: %s", tc.name, action.Name)
		}
		if action := s.next(t, holding(s.read(now))); action.Name != "staged" {
			t.Errorf("%s: then %s", tc.name, action.Name)
		}
	}
}
