package registry_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// mirrored is a private registry, its private mirror, which has a CA, an account and a way to list of its own, and a
// signed image.
type mirrored struct {
	*rig.Test

	own, mirror *rig.Registry
	image       rig.Image
}

func mirroring(t *testing.T) *mirrored {
	t.Helper()
	m := &mirrored{Test: rig.ForTest(t)}
	issuer, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.own = m.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	m.mirror = m.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token, CA: issuer})
	m.image = m.PushImage(m.own, "production/a", "1")
	m.Sign(m.image, rig.Signature{})
	if _, err := m.image.Mirror(t.Context(), m.mirror); err != nil {
		t.Fatal(err)
	}
	return m
}

// open opens both, with nothing remembered, no fault left and no request logged.
func (m *mirrored) open(t *testing.T, mirrorOnly bool) *registry.Client {
	t.Helper()
	for _, r := range []*rig.Registry{m.own, m.mirror} {
		r.LiftAll()
		r.Forget()
	}
	own, mirror := settings(t, m.own), settings(t, m.mirror)
	own.Mirror, own.MirrorOnly, mirror.Referrers = m.mirror.Host, mirrorOnly, config.ReferrersTag
	return open(t, registry.Options{
		Registries:    []config.Registry{own, mirror},
		DockerConfigs: []string{m.WriteDockerConfig(m.own, m.mirror)},
	})
}

// find walks to the envelopes of the image, as the verifier does, and counts them.
func find(t *testing.T, r *registry.Client, image rig.Image) (envelopes int, err error) {
	t.Helper()
	repository := r.Repository(tagged(image))
	desc, err := repository.Resolve(t.Context())
	if err != nil {
		return 0, err
	}
	if desc.Digest != image.Descriptor.Digest || desc.Size != image.Descriptor.Size || desc.MediaType != image.Descriptor.MediaType {
		t.Errorf("resolved %+v, want %+v", desc, image.Descriptor)
	}
	list, _, err := listSignatures(t.Context(), repository, desc)
	if err != nil {
		return 0, err
	}
	for _, signature := range list {
		if _, _, err := repository.Envelope(t.Context(), signature); err != nil {
			return envelopes, err
		}
		envelopes++
	}
	return envelopes, nil
}

func TestTheMirrorIsAskedFirstAndAlone(t *testing.T) {
	m := mirroring(t)
	for _, mirrorOnly := range []bool{false, true} {
		if got, err := find(t, m.open(t, mirrorOnly), m.image); got != 1 || err != nil {
			t.Errorf("mirrorOnly %t: %d envelopes, %v", mirrorOnly, got, err)
		}
		if got := m.own.Requests(); len(got) != 0 {
			t.Errorf("mirrorOnly %t: the image's own host was asked %+v", mirrorOnly, got)
		}
		if got := m.mirror.Count(rig.ClassReferrers); got != 0 {
			t.Errorf("mirrorOnly %t: the mirror's own entry says that it has no API, and it was asked %d times", mirrorOnly, got)
		}
	}
}

func TestTheOwnHostIsAskedForWhatTheMirrorCannotGive(t *testing.T) {
	m := mirroring(t)
	for _, c := range []struct {
		name   string
		match  rig.Match
		effect rig.Fault
	}{
		{"not found", rig.Match{}, rig.Status(404, nil)},
		{"down", rig.Match{}, rig.Cut()},
		{"in trouble", rig.Match{}, rig.Status(500, nil)},
		{"refuses us", rig.Match{}, rig.Status(403, nil)},
		{"limits us", rig.Match{}, rig.Status(429, map[string][]string{"Retry-After": {"60"}})},
		{"a login page", rig.Match{}, rig.HTML()},
		{"no token", rig.Match{Class: rig.ClassToken}, rig.Status(503, nil)},
		{"no token service", rig.Match{Class: rig.ClassToken}, rig.Status(404, nil)},
		{"image without signatures", rig.Match{Class: rig.ClassReferrersTag}, rig.Status(404, nil)},
		{"list fails", rig.Match{Class: rig.ClassReferrersTag}, rig.Status(502, nil)},
		{"listed, manifest not there", rig.Match{Class: rig.ClassManifest}, rig.Status(404, nil)},
		{"listed, manifest changed", rig.Match{Class: rig.ClassManifest}, rig.Rewrite(func([]byte) []byte { return []byte(`{}`) })},
		{"listed, envelope not there", rig.Match{Class: rig.ClassBlob}, rig.Status(404, nil)},
		{"listed, envelope truncated", rig.Match{Class: rig.ClassBlob}, rig.Truncate(10)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := m.open(t, false)
			m.mirror.Inject(c.match, c.effect)
			if got, err := find(t, r, m.image); got != 1 || err != nil {
				t.Errorf("%d envelopes, %v", got, err)
			}
			if m.mirror.Count() == 0 || m.own.Count() == 0 {
				t.Errorf("%d requests to the mirror and %d to the own host", m.mirror.Count(), m.own.Count())
			}
		})
	}
}

func TestTheOwnHostDecidesWhatThereIsNot(t *testing.T) {
	m := mirroring(t)
	r := m.open(t, false)
	down := m.mirror.Inject(rig.Match{}, rig.Status(500, nil))
	absent := m.own.Inject(rig.Match{}, rig.Status(404, nil))
	if _, err := find(t, r, m.image); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("mirror down, own host has none: %v", err)
	}
	down()
	absent()

	m.mirror.Inject(rig.Match{}, rig.Status(404, nil))
	m.own.Inject(rig.Match{}, rig.Status(500, nil))
	_, err := find(t, r, m.image)
	undecided(t, err, provider.CauseRegistry)
}

func TestWhereOnlyTheMirrorMayBeAskedItsWordCounts(t *testing.T) {
	m := mirroring(t)
	r := m.open(t, true)
	lift := m.mirror.Inject(rig.Match{}, rig.Status(404, nil))
	if _, err := find(t, r, m.image); !errors.Is(err, provider.ErrNotFound) {
		t.Error(err)
	}
	lift()
	m.mirror.Inject(rig.Match{}, rig.Status(503, nil))
	_, err := find(t, r, m.image)
	undecided(t, err, provider.CauseRegistry)
	if got := m.own.Requests(); len(got) != 0 {
		t.Errorf("the image's own host was asked %+v", got)
	}
}

func TestMirrorAndOwnHostEachGetTheirOwnCredentialOnly(t *testing.T) {
	m := mirroring(t)
	r := m.open(t, false)
	m.mirror.Inject(rig.Match{Class: rig.ClassBlob}, rig.Status(404, nil)) // so that both are asked
	if _, err := find(t, r, m.image); err != nil {
		t.Fatal(err)
	}
	only(t, m.own, func(authorization string) bool { return authorization == basic(m.own.Username+":"+m.own.Password) })
	only(t, m.mirror, func(authorization string) bool {
		return authorization == basic(m.mirror.Username+":"+m.mirror.Password) || strings.HasPrefix(authorization, "Bearer ")
	})
}

// only checks every credential that a registry was shown, and that there was one.
func only(t *testing.T, r *rig.Registry, own func(authorization string) bool) {
	t.Helper()
	shown := 0
	for _, request := range r.Requests() {
		if request.Authorization == "" {
			continue
		}
		shown++
		if !own(request.Authorization) {
			t.Errorf("%s %s brought %s", request.Method, request.Path, request.Authorization)
		}
	}
	if shown == 0 {
		t.Error("no credential was shown at all")
	}
}

// A mirror's list is not the last word: the image's own host is asked when the reader goes on, and not before.
func TestTheOwnHostIsAskedForItsListOnlyWhenWanted(t *testing.T) {
	m := mirroring(t)
	m.Sign(m.image, rig.Signature{}) // which the mirror does not have
	for _, c := range []struct {
		name       string
		mirrorOnly bool
		fault      func()
		lists      []int
		err        bool
	}{
		{"both have some", false, func() {}, []int{1, 2}, false},
		{"mirror only", true, func() {}, []int{1}, false},
		{"the mirror fails", false, func() { m.mirror.Inject(rig.Match{}, rig.Status(500, nil)) }, []int{2}, false},
		{"the mirror's none", false, func() { m.mirror.Inject(rig.Match{}, rig.Status(404, nil)) }, []int{0, 2}, false},
		{"own host fails", false, func() { m.own.Inject(rig.Match{}, rig.Status(500, nil)) }, []int{1, 0}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := m.open(t, c.mirrorOnly)
			c.fault()
			var lists []int
			var last error
			for found, err := range r.Repository(pinned(m.image)).Signatures(t.Context(), m.image.Descriptor) {
				if len(lists) == 0 && len(found.Signatures) == 1 && m.own.Count() > 0 {
					t.Error("the own host was asked before that was wanted")
				}
				lists, last = append(lists, len(found.Signatures)), err
			}
			if !slices.Equal(lists, c.lists) || (last != nil) != c.err {
				t.Errorf("lists of %d, want %d; %v", lists, c.lists, last)
			}
		})
	}
}
