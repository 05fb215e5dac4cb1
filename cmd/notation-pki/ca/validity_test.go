package ca

import (
	"testing"
	"time"
)

func TestACertificateStartsNoSoonerThanItsIssuer(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	for _, tc := range []struct {
		name string
		from time.Time
	}{{"a minute ago", now.Add(-time.Minute)}, {"tomorrow", now.Add(day)}} {
		root, err := NewRoot(Options{NotBefore: tc.from})
		if err != nil {
			t.Fatal(err)
		}
		signer, err := root.Signer(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := signer.Cert.NotBefore; !got.Equal(tc.from) {
			t.Errorf("%s: it starts %s, and its issuer %s", tc.name, got, tc.from)
		}
		// It holds for a year from when it can first be used.
		first := now
		if tc.from.After(now) {
			first = tc.from
		}
		if got := signer.Cert.NotAfter.Sub(first.Add(365 * day)); got < 0 || got > time.Minute {
			t.Errorf("%s: it ends %s after its year", tc.name, got)
		}
	}
	old, err := NewRoot(Options{NotBefore: now.Add(-day)})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := old.Signer(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := now.Sub(signer.Cert.NotBefore); got > backdate || got < backdate-time.Minute {
		t.Errorf("under an old issuer it starts %s ago", got)
	}
}
