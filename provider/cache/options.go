package cache

import (
	"context"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Resolver asks a registry what a tag stands for.
type Resolver interface {
	// Resolve returns the descriptor of the image's manifest, provider.ErrNotFound
	// if the registry answers 404, else a provider.UndecidedError.
	Resolve(context.Context, provider.Image) (ocispec.Descriptor, error)
}

// Limit bounds what is under way at once. [Limiter] is one.
type Limit interface {
	// Enter waits for a place for a check of a repository at a host, and returns what gives it back.
	Enter(ctx context.Context, host, repository string) (leave func(), err error)
}

// Event is what happened in a memory.
type Event string

// The events: an answer from memory, an answer that had to be fetched, a caller who
// waited for another's fetch, and an entry that a newer one evicted. Each lookup is
// one of the first three; a prefetch is none.
const (
	Hit     Event = "hit"
	Missed  Event = "miss"
	Joined  Event = "join"
	Evicted Event = "evict"
)

// Events returns every Event there is.
func Events() []string { return []string{string(Hit), string(Missed), string(Joined), string(Evicted)} }

// Options are what New needs.
type Options struct {
	Resolver Resolver
	Limit    Limit
	Settings Settings
	// Encode makes the [provider.Verdict.Item] of a verified image; nil makes none.
	Encode func(*provider.Verdict) string
	// Observe is called with every event, by memory ("tags", "verdicts"); nil is fine.
	Observe func(memory string, event Event)
	// Took is called with how long each fetch took, without its wait for a place; nil is fine.
	Took func(memory string, took time.Duration)
}

// The names of the memories, as observers and metrics know them.
const (
	Tags     = "tags"
	Verdicts = "verdicts"
)

// Memories returns the name of every memory.
func Memories() []string { return []string{Tags, Verdicts} }
