package registry_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// Connaisseur once kept the credentials of the registry at hand where all requests saw them.
func TestManyAtOnceNeverMixUpCredentials(t *testing.T) {
	w := rig.ForTest(t)
	byName := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	byToken := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token})
	open1, open2 := w.Registry(rig.RegistryOptions{}), w.Registry(rig.RegistryOptions{Kind: rig.Tag})
	var images []rig.Image
	var all []config.Registry
	for _, r := range []*rig.Registry{byName, byToken, open1, open2} {
		image := w.PushImage(r, "production/a", "1")
		w.Sign(image, rig.Signature{})
		images, all = append(images, image), append(all, settings(t, r))
	}
	path := w.WriteDockerConfig(byName, byToken)
	r := open(t, registry.Options{Registries: all, DockerConfigs: []string{path}})

	var asking sync.WaitGroup
	for i := range 32 {
		asking.Go(func() {
			for range 3 {
				if got, err := find(t, r, images[i%len(images)]); got != 1 || err != nil {
					t.Errorf("%d envelopes, %v", got, err)
				}
			}
		})
	}
	asking.Go(func() {
		text, err := os.ReadFile(path)
		for i := range 5 {
			next := write(t, "next.json", string(text)+strings.Repeat("\n", i+1))
			err = errors.Join(err, os.Rename(next, path))
			if changed, problem := r.Reload(); !changed || problem != nil {
				t.Errorf("changed %t, %v", changed, problem)
			}
		}
		if err != nil {
			t.Error(err)
		}
	})
	asking.Wait()

	only(t, byName, func(authorization string) bool { return authorization == basic(byName.Username+":"+byName.Password) })
	only(t, byToken, func(authorization string) bool {
		return authorization == basic(byToken.Username+":"+byToken.Password) || strings.HasPrefix(authorization, "Bearer ")
	})
	for _, r := range []*rig.Registry{open1, open2} {
		for _, request := range r.Requests() {
			if request.Authorization != "" {
				t.Errorf("an open registry was shown %s", request.Authorization)
			}
		}
	}
}
