package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// The sizes of the contests.
const (
	manyKeys    = 50
	manyClients = 16
)

// warm measures answers from memory.
func warm(ctx context.Context, world *rig.World, o options, r *record) error {
	step("warm: %d images, remembered by the server; requests of 1 and %d keys by 1 and %d clients", manyKeys, manyKeys, manyClients)
	images, registry, err := pushSigned(ctx, world, rig.RegistryOptions{}, manyKeys, rig.Signature{})
	if err != nil {
		return err
	}
	server, err := startOurs(ctx, world, o, registry)
	if err != nil {
		return err
	}
	defer server.end()
	questions, err := learn(ctx, newClient(world, server.url, 1), images)
	if err != nil {
		return err
	}
	answers := map[int]json.RawMessage{}
	for keys, q := range questions {
		answers[keys] = q.answer
	}
	bare, err := launchFloor(ctx, world, o, answers)
	if err != nil {
		return err
	}
	defer bare.end()
	clients := map[string]*client{floor: newClient(world, bare.url, manyClients), ours: newClient(world, server.url, manyClients)}
	for _, keys := range []int{1, manyKeys} {
		for _, askers := range []int{1, manyClients} {
			c := contest{name: fmt.Sprintf("warm/keys=%d/clients=%d", keys, askers), limits: map[string]float64{"ns/op": limit}}
			c.sides = map[string]side{
				floor: asking(bare, clients[floor], questions[keys], askers),
				ours:  asking(server, clients[ours], questions[keys], askers),
			}
			if err := r.hold(ctx, c, o.count); err != nil {
				return err
			}
		}
	}
	clients[floor].close()
	clients[ours].close()
	return nil
}

// question is a request, and the one right answer to it.
type question struct{ body, answer []byte }

// asking is a side whose clients ask one question over and over.
func asking(server *process, c *client, q question, askers int) side {
	return func(ctx context.Context) (result, error) {
		before, err := server.metric(ctx, cpuSeconds)
		if err != nil {
			return result{}, err
		}
		got, err := repeat(ctx, askers, func(ctx context.Context, _ int) error { return c.expect(ctx, q.body, q.answer) })
		if err != nil {
			return result{}, err
		}
		after, err := server.metric(ctx, cpuSeconds)
		if err != nil {
			return result{}, err
		}
		got.values = append(got.values, value{"cpu-ns/op", (after - before) * 1e9 / float64(got.all)})
		return got, nil
	}
}

const cpuSeconds = "process_cpu_seconds_total"

// startOurs starts the real server. What it knows holds longer than a run lasts, so
// that it asks nobody meanwhile.
func startOurs(ctx context.Context, world *rig.World, o options, registry *rig.Registry) (*process, error) {
	file, err := configure(ctx, world, o, registry)
	if err != nil {
		return nil, err
	}
	return launch(ctx, o.provider, "serve", "--config", file)
}

// configure has the rig write all that the server reads.
func configure(ctx context.Context, world *rig.World, o options, registries ...*rig.Registry) (file string, err error) {
	p, err := world.Provider(ctx, rig.ProviderOptions{Binary: o.provider, Registries: registries, Edit: func(c *config.Config) {
		c.Cache.Tags, c.Cache.Verified = config.Duration(time.Hour), config.Duration(time.Hour)
	}})
	if err != nil {
		return "", err
	}
	return filepath.Join(p.Dir, "config.yaml"), p.Kill()
}

// pushSigned starts a registry and pushes signed images to it, each in a repository of its own.
func pushSigned(ctx context.Context, world *rig.World, o rig.RegistryOptions, number int, signature rig.Signature) ([]rig.Image, *rig.Registry, error) {
	registry, err := world.Registry(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	var images []rig.Image
	for i := range number {
		image, err := registry.PushImage(ctx, fmt.Sprintf("production/ska-tango-%d", i), "1.0")
		if err != nil {
			return nil, nil, err
		}
		if _, err := world.Sign(ctx, image, signature); err != nil {
			return nil, nil, err
		}
		images = append(images, image)
	}
	return images, registry, nil
}

// learn asks until the server knows every image, and returns the questions to ask
// by their number of keys, each answer looked at closely.
func learn(ctx context.Context, c *client, images []rig.Image) (map[int]question, error) {
	defer c.close()
	questions := map[int]question{}
	for _, keys := range []int{1, manyKeys} {
		q, err := c.learn(ctx, images[:keys])
		if err != nil {
			return nil, err
		}
		questions[keys] = q
	}
	return questions, nil
}

func (c *client) learn(ctx context.Context, images []rig.Image) (q question, err error) {
	var keys []string
	for _, image := range images {
		keys = append(keys, image.Tagged())
	}
	if q.body, err = json.Marshal(externaldata.NewProviderRequest(keys)); err != nil {
		return q, err
	}
	// On a busy machine the first answer may come at the deadline, with some of them undecided.
	for range 10 {
		if q.answer, err = c.ask(ctx, q.body); err != nil {
			return q, err
		}
		if err = check(q.answer, images); err == nil {
			return q, nil
		}
	}
	return q, err
}

// check fails unless the answer says of every image that it is verified, at its digest.
func check(answer []byte, images []rig.Image) error {
	var response externaldata.ProviderResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		return err
	}
	if len(response.Response.Items) != len(images) || response.Response.SystemError != "" {
		return fmt.Errorf("%d items of %d: %s", len(response.Response.Items), len(images), response.Response.SystemError)
	}
	for i, item := range response.Response.Items {
		if item.Error != "" || item.Key != images[i].Tagged() {
			return fmt.Errorf("%s: %s", item.Key, item.Error)
		}
		value, err := valueOf(item)
		if err != nil {
			return err
		}
		if !isVerified(value, images[i]) {
			return errors.New(item.Key + ": not verified at its digest")
		}
	}
	return nil
}

func isVerified(v gatekeeper.Value, image rig.Image) bool {
	return v.Verified && v.Digest == image.Descriptor.Digest.String() && v.Image == image.Pinned()
}

// valueOf makes a value of what JSON made of it.
func valueOf(item externaldata.Item) (value gatekeeper.Value, err error) {
	text, err := json.Marshal(item.Value)
	if err != nil {
		return value, err
	}
	return value, json.Unmarshal(text, &value)
}
