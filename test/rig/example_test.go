package rig_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// A demo makes an environment as a test does, without a testing.TB.
func Example() {
	if err := demo(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// signed production/ska-tango at a registry of kind tag
	// the registry is down for 1 request so far
}

func demo(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "rig-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	w, err := rig.New(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()

	registry, err := w.Registry(ctx, rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token})
	if err != nil {
		return err
	}
	image, err := registry.PushImage(ctx, "production/ska-tango", "1.0")
	if err != nil {
		return err
	}
	if _, err := w.Sign(ctx, image, rig.Signature{TSA: w.TSA}); err != nil {
		return err
	}
	if err := w.Trust(registry.Scope("*")).Write(dir); err != nil { // a provider reads it from here
		return err
	}
	fmt.Println("signed", image.Repository, "at a registry of kind", registry.Kind)

	defer registry.Inject(rig.Match{Class: rig.ClassResolve}, rig.Status(503, nil))()
	client, err := registry.Remote(image.Repository)
	if err != nil {
		return err
	}
	if _, err := client.Resolve(ctx, image.Tag); err == nil {
		return errors.New("a registry that is down answered")
	}
	fmt.Println("the registry is down for", registry.Count(rig.ClassResolve), "request so far")
	return nil
}
